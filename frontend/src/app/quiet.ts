/**
 * Errors remember no stack until the first page stands. Libraries make some while they are loaded and catch others while they draw
 * (an address within the portal is no `URL`), and for the first of each the browser reads the whole script once more, to say in
 * which line it was made: a fifth of a second of a slow laptop.
 */

/** Where browsers have the limit; others do not know of it. */
const errors: ErrorConstructor & { stackTraceLimit?: number } = Error;
const usual = errors.stackTraceLimit;
errors.stackTraceLimit = 0;

/** Longest time without, in milliseconds. */
const AT_MOST_MS = 3000;

/** Has errors remember where they were made, once there is nothing to draw. */
export function loudOnceIdle(): void {
  const loud = (): void => {
    if (usual !== undefined) {
      errors.stackTraceLimit = usual;
    }
  };
  if ("requestIdleCallback" in globalThis) {
    setTimeout(() => requestIdleCallback(loud), AT_MOST_MS);
  } else {
    setTimeout(loud, AT_MOST_MS);
  }
}
