/** How answers are kept, asked for again, and sent again when they failed. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { courseOf, passes } from "../domain/problem";
import { problemIn, Unreachable } from "./portal";
import { noticed, sessionQuery } from "./session";

/** How often a request is sent again by itself. */
const TRIES = 2;
/** Longest wait that is waited for without asking, in seconds. */
const MAX_WAIT_S = 30;

/** Whether to send a failed request again. */
export function sendsAgain(failures: number, error: unknown): boolean {
  if (error instanceof Unreachable) {
    return failures < 1;
  }
  const found = problemIn(error);
  return found !== undefined && failures < TRIES && passes(found.problem) && (found.retryAfterS ?? 0) <= MAX_WAIT_S;
}

/** After how many milliseconds: what the server asks for, or twice as long each time. */
export function waits(failures: number, error: unknown): number {
  const asked = problemIn(error)?.retryAfterS;
  return asked === undefined ? Math.min(1000 * 2 ** failures, 8000) : Math.max(asked, 0.2) * 1000;
}

/** What the pages ask by. */
export function queryClient(): QueryClient {
  const failed = (error: unknown): void => {
    noticed(error);
    const problem = problemIn(error)?.problem;
    const course = problem === undefined ? undefined : courseOf(problem);
    // What the session may do changed: who asks for it anew is led to what it has to do first.
    if (course === "change-password" || course === "set-up-second-factor") {
      void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    }
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: failed }),
    mutationCache: new MutationCache({ onError: failed }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 600_000,
        retry: sendsAgain,
        retryDelay: waits,
        refetchOnWindowFocus: false,
      },
      // A change that met too many requests was not done: it is sent again. Others may have been done.
      mutations: {
        retry: (failures, error) => problemIn(error)?.problem.status === 429 && sendsAgain(failures, error),
        retryDelay: waits,
      },
    },
  });
  return client;
}
