/** Severities, scores and facts in the same colours everywhere; never by colour alone. */
import Badge from "@cloudscape-design/components/badge";
import type { ReactNode } from "react";
import { count, score as written } from "../domain/format";
import { SEVERITIES, scoreBand, severityOf } from "../domain/severity";
import { texts } from "../texts";

const COLOURS = {
  critical: "severity-critical",
  high: "severity-high",
  medium: "severity-medium",
  low: "severity-low",
  unknown: "severity-neutral",
} as const;

/** A severity in its colour. */
export function SeverityBadge({ severity }: { severity: string }) {
  const one = severityOf(severity);
  return (
    <span className="one-line">
      <Badge color={COLOURS[one]}>{texts.common.severity[one]}</Badge>
    </span>
  );
}

/** A risk score with a bar as long as it is high. */
export function ScoreBar({ score }: { score: number | null | undefined }) {
  if (score === null || score === undefined) {
    return (
      <span className="score" title={texts.common.noScore}>
        <span aria-hidden="true">–</span>
        <span className="unseen">{texts.common.noScore}</span>
      </span>
    );
  }
  const text = written(score);
  return (
    <span className="score" title={texts.common.scoreOf(text)}>
      <span className="score-number">{text}</span>
      <svg
        className={`score-bar severity-${scoreBand(score)}`}
        viewBox="0 0 100 8"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect className="score-ground" width="100" height="8" />
        <rect className="score-part" width={Math.max(0, Math.min(100, score))} height="8" />
      </svg>
    </span>
  );
}

/** A fact that raises or lowers a risk. `bad` ones stand out. */
export function Chip({
  children,
  tone = "plain",
  title,
}: {
  children: ReactNode;
  tone?: "bad" | "good" | "plain";
  title?: string;
}) {
  return (
    <span className={`chip chip-${tone}`} {...(title === undefined ? {} : { title })}>
      {children}
    </span>
  );
}

/** Counts by severity, worst first, the ones that are none left out. */
export function SeverityCounts({ counts }: { counts: Readonly<Record<string, unknown>> }) {
  const present = SEVERITIES.map((severity) => ({ severity, n: Number(counts[severity] ?? 0) })).filter(
    ({ n }) => n > 0,
  );
  if (present.length === 0) {
    return <span>{count(0)}</span>;
  }
  return (
    <span className="severity-counts">
      {present.map(({ severity, n }) => (
        <span key={severity} className={`severity-count severity-${severity}`} title={texts.common.severity[severity]}>
          <span className="severity-dot" aria-hidden="true" />
          <span className="unseen">{texts.common.severity[severity]}: </span>
          {count(n)}
        </span>
      ))}
    </span>
  );
}
