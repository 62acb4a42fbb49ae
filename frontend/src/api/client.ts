/**
 * The API's client. Paths, parameters, bodies and answers have the types of schemas/openapi.json: `schema.d.ts` is made from it
 * by `npm run schema` and not kept, so that it is never stale.
 */
import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./schema";

/** What the server answers when it does not do as asked, RFC 9457. */
export type Problem = components["schemas"]["Problem"];

/** A request that was not done. */
export class ApiProblem extends Error {
  /** What the server said. */
  readonly problem: Problem;
  /** After how many seconds to send it again, where that helps. */
  readonly retryAfterS: number | undefined;

  constructor(problem: Problem, response: Response) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    const after = Number(response.headers.get("retry-after") ?? Number.NaN);
    this.retryAfterS = Number.isFinite(after) ? after : undefined;
  }
}

/** What is read of answers: lists can be had as lines, too, which is for those who keep them. */
type Media = "application/json" | "application/problem+json";

/** A client of the server. */
export type ApiClient = Client<paths, Media>;

/** A client of the server at an address, for whoever has this token. `send` sends the requests; `fetch` when absent. */
export function connect(baseUrl: string, token?: string, send?: (request: Request) => Promise<Response>): ApiClient {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return createClient<paths, Media>({ baseUrl, headers, ...(send === undefined ? {} : { fetch: send }) });
}

/** The answer to a request, or its problem as an error. */
export async function answered<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (data !== undefined) {
    return data;
  }
  throw problemOf(error, response);
}

/** The end of a request whose answer says nothing but that it is done, or its problem as an error. */
export async function done(asked: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  const { error, response } = await asked;
  if (!response.ok) {
    throw problemOf(error, response);
  }
}

/** What was answered in place of what was asked for. A proxy may have answered, which knows nothing of problems. */
export function problemOf(error: unknown, response: Response): ApiProblem {
  const { status, statusText } = response;
  const unknown: Problem = { type: "about:blank", title: statusText || `HTTP ${status}`, status };
  return new ApiProblem(isProblem(error) ? error : unknown, response);
}

/** Every row of a list, page by page. `page` asks for the page of a cursor, `rows` takes the rows out of it. */
export async function* all<P extends { next_cursor?: string | null }, R>(
  page: (cursor: string | undefined) => Promise<P>,
  rows: (page: P) => readonly R[],
): AsyncGenerator<R> {
  let cursor: string | undefined;
  do {
    const found: P = await page(cursor);
    yield* rows(found);
    cursor = found.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "type" in value && "title" in value && "status" in value;
}
