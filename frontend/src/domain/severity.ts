/** Severities in their order, and what a score is called. */

/** Worst first; `unknown` is not low, and stands last since nothing is known of it. */
export const SEVERITIES = ["critical", "high", "medium", "low", "unknown"] as const;

/** A severity. */
export type Severity = (typeof SEVERITIES)[number];

/** A severity of a later version is one that is not known here. */
export function severityOf(word: string): Severity {
  return SEVERITIES.find((one) => one === word) ?? "unknown";
}

/** The band of a risk score of 0 to 100, by which it is coloured. */
export function scoreBand(score: number): Severity {
  if (score >= 80) return "critical";
  if (score >= 60) return "high";
  if (score >= 40) return "medium";
  return "low";
}
