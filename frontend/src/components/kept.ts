/** What the browser keeps of how somebody likes the portal: columns, density, colours. Never anything of a session or of the estate. */

const PREFIX = "bulkhead.";

/** What was kept. A browser may keep nothing, and what it kept may be of another version: the reader looks at it. */
export function kept(key: string): unknown {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Keeps something, where the browser does. */
export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // A full or forbidden store only means that it is chosen anew the next time.
  }
}
