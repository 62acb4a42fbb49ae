/** Whether the server answers, and how quickly; the shell shows it above every page. */

/** How the server is reached. */
export type Health = "good" | "slow" | "away";

/** Longer than this is slow, in milliseconds. */
const SLOW_MS = 6000;

let health: Health = "good";
const listeners = new Set<() => void>();
const slow = new Set<symbol>();

function become(next: Health): void {
  if (next !== health) {
    health = next;
    for (const listener of listeners) {
      listener();
    }
  }
}

/** How the server is reached now. */
export function currentHealth(): Health {
  return health;
}

/** Tells of each change, until what it returns is called. */
export function onHealth(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Watches one request. */
export async function watched(send: () => Promise<Response>): Promise<Response> {
  const request = Symbol("request");
  const timer = setTimeout(() => {
    slow.add(request);
    if (health === "good") {
      become("slow");
    }
  }, SLOW_MS);
  try {
    const response = await send();
    // Those who stand before a server that is away say so by these.
    become(response.status === 502 || response.status === 504 ? "away" : "good");
    return response;
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) {
      become("away");
    }
    throw error;
  } finally {
    clearTimeout(timer);
    slow.delete(request);
    if (slow.size === 0 && health === "slow") {
      become("good");
    }
  }
}
