/** What a caller may do, by the words of schemas/permissions.md (a test compares). */

/** Every permission, in the order of the matrix. */
export const PERMISSIONS = [
  "vulnerabilities.read",
  "images.scan",
  "hosts.read",
  "agents.read",
  "agents.revoke",
  "enrolment_tokens.read",
  "enrolment_tokens.manage",
  "feeds.read",
  "feeds.refresh",
  "alerts.read",
  "dead_letters.read",
  "dead_letters.replay",
  "scans.upload",
  "policies.read",
  "policies.manage",
  "exceptions.read",
  "exceptions.request",
  "exceptions.decide",
  "tenant.export",
  "people.read",
  "people.manage",
  "collections.read",
  "collections.manage",
  "tokens.read",
  "tokens.manage",
  "identity_providers.read",
  "identity_providers.manage",
  "registries.read",
  "registries.manage",
  "notifications.read",
  "notifications.manage",
  "audit.read",
] as const;

/** A permission that this version of the portal asks for. */
export type Permission = (typeof PERMISSIONS)[number];

/** Whether somebody with these permissions has one. A permission that is limited to collections counts: the server limits it. */
export function may(granted: readonly { permission: string }[], wanted: Permission): boolean {
  return granted.some((one) => one.permission === wanted);
}
