/** Changes of what others may change, too: each names the state that it replaces, and what is made is made once. */
import { problemOf } from "./client";

/** An answer with the name of the state that it shows. */
export interface Tagged<T> {
  data: T;
  /** Sent as `if-match` by whoever replaces it. */
  etag: string;
}

/** The answer to a request with its state's name, or its problem as an error. */
export async function tagged<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Tagged<T>> {
  const { data, error, response } = await asked;
  if (data === undefined) {
    throw problemOf(error, response);
  }
  return { data, etag: response.headers.get("etag") ?? "" };
}

/** A key under which something is made once, however often it is asked for. */
export function newKey(): string {
  // `randomUUID` is missing where a page came without TLS.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Keys for one form: the same for the same content, so that what is sent once more is not made once more. */
export class Keys {
  #content: string | undefined;
  #key = newKey();

  /** The key of this content. */
  of(content: unknown): string {
    const text = JSON.stringify(content) ?? "";
    if (this.#content !== undefined && this.#content !== text) {
      this.#key = newKey();
    }
    this.#content = text;
    return this.#key;
  }
}
