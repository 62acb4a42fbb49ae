/** Exceptions: what somebody fills in, and what of it is sent. */

/** What can be said of a vulnerability. Source: the API; the words are those of OpenVEX 0.2.0 and CycloneDX 1.6. */
export const STATUSES = [
  "accepted_risk",
  "not_affected",
  "false_positive",
  "will_not_fix",
  "workaround_available",
] as const;

/** Why something is not affected. Source: OpenVEX 0.2.0. */
export const JUSTIFICATIONS = [
  "component_not_present",
  "vulnerable_code_not_present",
  "vulnerable_code_not_in_execute_path",
  "vulnerable_code_cannot_be_controlled_by_adversary",
  "inline_mitigations_already_exist",
] as const;

/** How far one can have come. */
export const STATES = ["requested", "approved", "rejected", "revoked", "expired"] as const;

/** What lists can be asked for, where what is hidden is left out by itself. */
export const EXCEPTED = ["only", "all"] as const;

/** Longest time that one may hold, in days. */
export const MOST_DAYS = 366;
/** Longest reason, in characters. */
export const MOST_REASON = 2000;

/** What somebody fills in. */
export interface ExceptionForm {
  vulnerability: string;
  package: string;
  where: "place" | "collection" | "estate";
  place: string;
  collection: string;
  status: (typeof STATUSES)[number];
  justification: (typeof JUSTIFICATIONS)[number];
  reason: string;
  /** Whole days from now, as text; empty for one that holds until it is revoked. */
  days: string;
}

/** Where one holds. */
export type ExceptionScope =
  | { kind: "estate" }
  | { kind: "collection"; collection: string }
  | { kind: "place"; place: string };

/** What is sent. */
export interface ExceptionText {
  vulnerability: string;
  package?: string;
  scope: ExceptionScope;
  status: (typeof STATUSES)[number];
  justification?: (typeof JUSTIFICATIONS)[number];
  reason: string;
  expires_at?: string;
}

const DAY_MS = 86_400_000;

/** What is sent of a form; `undefined` where something is missing. `now` in milliseconds since 1970. */
export function exceptionOf(form: ExceptionForm, now: number): ExceptionText | undefined {
  const vulnerability = form.vulnerability.trim();
  const reason = form.reason.trim();
  const scope = scopeOf(form);
  const days = form.days.trim();
  const isTimed = days !== "";
  const isGoodTime = !isTimed || (/^\d{1,3}$/.test(days) && Number(days) >= 1 && Number(days) <= MOST_DAYS);
  if (vulnerability === "" || reason === "" || reason.length > MOST_REASON || scope === undefined || !isGoodTime) {
    return undefined;
  }
  const wanted = form.package.trim();
  return {
    vulnerability,
    ...(wanted === "" ? {} : { package: wanted }),
    scope,
    status: form.status,
    ...(form.status === "not_affected" ? { justification: form.justification } : {}),
    reason,
    // A minute less, so that the longest time is not longer by what its way takes.
    ...(isTimed ? { expires_at: new Date(now + Number(days) * DAY_MS - 60_000).toISOString() } : {}),
  };
}

function scopeOf(form: ExceptionForm): ExceptionScope | undefined {
  if (form.where === "estate") {
    return { kind: "estate" };
  }
  const id = form[form.where].trim();
  if (id === "") {
    return undefined;
  }
  return form.where === "place" ? { kind: "place", place: id } : { kind: "collection", collection: id };
}

/** The purl of a package without its version and what follows it, so that an exception is about all versions. */
export function withoutVersion(purl: string): string {
  const path = purl.split(/[?#]/, 1)[0] ?? purl;
  const at = path.lastIndexOf("@");
  // An npm scope begins with an `@`, written as `%40` in a purl; one before the name is no version.
  return at > path.lastIndexOf("/") ? path.slice(0, at) : path;
}
