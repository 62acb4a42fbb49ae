/** What a problem of the API (RFC 9457) means for the page that met it. Types are those of schemas/problems.md. */

/** How a page goes on. */
export type Course =
  | "sign-in"
  | "change-password"
  | "set-up-second-factor"
  | "forbidden"
  | "not-found"
  | "changed-meanwhile"
  | "wait"
  | "again"
  | "mend"
  | "report";

const BY_TYPE: Record<string, Course> = {
  "/problems/unauthenticated": "sign-in",
  "/problems/password-change-required": "change-password",
  "/problems/second-factor-setup-required": "set-up-second-factor",
  "/problems/forbidden": "forbidden",
  "/problems/beyond-scope": "forbidden",
  "/problems/conflict": "changed-meanwhile",
  "/problems/precondition-failed": "changed-meanwhile",
  "/problems/too-many-requests": "wait",
  "/problems/too-many-attempts": "wait",
  "/problems/bad-credentials": "mend",
  "/problems/second-factor-required": "mend",
};

/** By the type, or by the status where the type is of a later version. */
export function courseOf(problem: { type: string; status: number }): Course {
  const known = BY_TYPE[problem.type];
  if (known !== undefined) {
    return known;
  }
  const { status } = problem;
  if (status === 401) return "sign-in";
  if (status === 403) return "forbidden";
  if (status === 404) return "not-found";
  if (status === 412) return "changed-meanwhile";
  if (status === 429) return "wait";
  if (status === 408 || status === 502 || status === 503 || status === 504) return "again";
  return status >= 500 ? "report" : "mend";
}

/** Whether sending the same once more may help without anybody doing anything. */
export function passes(problem: { type: string; status: number }): boolean {
  const course = courseOf(problem);
  return course === "again" || (course === "wait" && problem.type !== "/problems/too-many-attempts");
}

/** The permission that a refusal names in its words, such as `hosts.read`. */
export function namedPermission(detail: string | null | undefined): string | undefined {
  return /`([a-z_]+\.[a-z_]+)`/.exec(detail ?? "")?.[1];
}
