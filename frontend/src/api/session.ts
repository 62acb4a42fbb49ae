/** Who uses the portal, and the moment when nobody does any more. */
import { queryOptions } from "@tanstack/react-query";
import { courseOf } from "../domain/problem";
import { answered } from "./client";
import { api, problemIn } from "./portal";
import type { Schema } from "./types";

/** Who calls and what they may do; `null` where nobody is signed in. */
export type Caller = Schema<"CallerDetail"> | null;

/** Asks who calls. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Caller> => {
    try {
      return await answered(api.GET("/api/v1/session", { signal }));
    } catch (error) {
      if (problemIn(error)?.problem.status === 401) {
        return null;
      }
      throw error;
    }
  },
  staleTime: 60_000,
  refetchOnWindowFocus: true,
});

let ended = false;
const listeners = new Set<() => void>();

function become(next: boolean): void {
  if (ended !== next) {
    ended = next;
    for (const listener of listeners) {
      listener();
    }
  }
}

/** Whether the session ended while somebody worked. The page stays as it is, with what was written into it. */
export function hasEnded(): boolean {
  return ended;
}

/** Tells when that changes, until what it returns is called. */
export function onEnded(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Nobody is signed in any more. */
export function over(): void {
  become(true);
}

/** Somebody signed in. */
export function begun(): void {
  become(false);
}

/** Looks at a failure: one that says that nobody is signed in ends the session here, too. Returns whether it was one. */
export function noticed(error: unknown): boolean {
  const problem = problemIn(error)?.problem;
  if (problem === undefined || courseOf(problem) !== "sign-in") {
    return false;
  }
  over();
  return true;
}
