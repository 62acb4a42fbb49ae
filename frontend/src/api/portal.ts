/** The client of the portal's pages: same server, the session in a cookie that no script can read. */
import { type ApiClient, ApiProblem, connect, problemOf } from "./client";
import { watched } from "./health";

/** The server did not answer at all. */
export class Unreachable extends Error {}

/** Longest wait for an answer, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What a change carries beside the cookie, which no page of another site can send. */
const CSRF = "bulkhead-csrf";

async function send(request: Request): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    request.headers.set(CSRF, "1");
  }
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const signal = AbortSignal.any([request.signal, patience]);
  try {
    return await watched(() => fetch(request, { signal, credentials: "same-origin" }));
  } catch (error) {
    // Who left the page is not told that it was not answered.
    if (request.signal.aborted) {
      throw error;
    }
    throw new Unreachable(error instanceof Error ? error.message : String(error));
  }
}

/** The API. */
export const api: ApiClient = connect(globalThis.location?.origin ?? "", undefined, send);

/** Asks a path that is put together at run time. */
export async function get(address: string, accept: string, signal?: AbortSignal): Promise<Response> {
  const url = new URL(address, location.origin);
  const response = await send(new Request(url, { headers: { accept }, ...(signal === undefined ? {} : { signal }) }));
  if (!response.ok) {
    throw problemOf(await response.json().catch(() => undefined), response);
  }
  return response;
}

/** A failure's problem, where the server said one. */
export function problemIn(error: unknown): ApiProblem | undefined {
  return error instanceof ApiProblem ? error : undefined;
}
