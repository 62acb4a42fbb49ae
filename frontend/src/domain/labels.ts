/** Patterns of labels that make things critical, as people write them: one on each line. */

/** Most patterns, and most bytes of one. Source: `RiskSettings` of the API's description. */
export const MOST_PATTERNS = 50;
export const MOST_BYTES = 256;

/** What keeps patterns from being set. */
export type LabelTrouble = { kind: "many"; count: number } | { kind: "long" | "control" | "keyless"; pattern: string };

/** The first thing that is wrong with patterns; absent where all of them can be set. */
export function labelTrouble(patterns: readonly string[]): LabelTrouble | undefined {
  if (patterns.length > MOST_PATTERNS) {
    return { kind: "many", count: patterns.length };
  }
  const encoder = new TextEncoder();
  for (const pattern of patterns) {
    if (encoder.encode(pattern).length > MOST_BYTES) {
      return { kind: "long", pattern };
    }
    if (/\p{Cc}/u.test(pattern)) {
      return { kind: "control", pattern };
    }
    // No label is without a key: it would never make anything critical.
    if (pattern.startsWith("=")) {
      return { kind: "keyless", pattern };
    }
  }
  return undefined;
}
