/** Facts that somebody changes to see what would come of it. */

/** What can be changed, and to what; the first word of each is that it stays as it is. */
export const CHANGES = {
  exposure: ["", "none", "internal", "published", "public_address", "declared", "observed"],
  root: ["", "yes", "no"],
  privileged: ["", "yes", "no"],
  capabilities: ["", "yes", "no"],
  no_security_profile: ["", "yes", "no"],
  host_namespaces: ["", "yes", "no"],
  host_mounts: ["", "yes", "no"],
  runtime_socket: ["", "yes", "no"],
  running_containers: ["", "0", "1", "10"],
  critical: ["", "true", "false"],
  known_exploited: ["", "true", "false"],
  exploitation: ["", "none", "poc", "active"],
  automatable: ["", "yes", "no"],
  technical_impact: ["", "partial", "total"],
  fix_available: ["", "true", "false"],
} as const satisfies Record<string, readonly string[]>;

/** A fact that can be changed. */
export type Change = keyof typeof CHANGES;

/** What was changed. */
export type Changed = Readonly<Partial<Record<Change, string>>>;

/** The facts in the order in which they are offered. */
export const CHANGE_NAMES = Object.keys(CHANGES) as readonly Change[];

/** The parameters of the question: only what was changed, each with the type that it has there. */
export function asked(changed: Changed): Record<string, string | number | boolean> {
  const query: Record<string, string | number | boolean> = {};
  for (const name of CHANGE_NAMES) {
    const value = changed[name];
    const words: readonly string[] = CHANGES[name];
    if (value === undefined || value === "" || !words.includes(value)) {
      continue;
    }
    query[name] =
      name === "running_containers" ? Number(value) : value === "true" ? true : value === "false" ? false : value;
  }
  return query;
}
