/** What a score is made of, so that a person can add it up. */
import type { Schema } from "../api/types";
import { count, score as written } from "../domain/format";
import { type Part, partGroups } from "../domain/score";
import { texts } from "../texts";
import { Outside } from "./Outside";
import { Scrolls } from "./Scrolls";

export function ScoreParts({ score }: { score: Schema<"Score"> }) {
  const words = texts.vulnerabilities.detail;
  return (
    <Scrolls label={words.risk}>
      <table className="parts">
        <thead>
          <tr>
            <th scope="col">{words.part}</th>
            <th scope="col">{words.points}</th>
            <th scope="col">{words.reason}</th>
          </tr>
        </thead>
        {partGroups(score.parts ?? []).map((group) => (
          <tbody key={group.group ?? ""}>
            {group.group !== undefined && (
              <tr className="parts-group">
                <th scope="rowgroup">{words.partGroups[group.group] ?? group.group}</th>
                <td colSpan={2}>{words.ofMax(written(group.points), count(group.max))}</td>
              </tr>
            )}
            {group.parts.map((part) => (
              <PartRow key={part.name} part={part} />
            ))}
          </tbody>
        ))}
        <tfoot>
          <tr>
            <th scope="row">{words.score}</th>
            <td>
              <span className="parts-points">
                <strong>{written(score.value)}</strong>
              </span>
            </td>
            <td />
          </tr>
        </tfoot>
      </table>
    </Scrolls>
  );
}

function PartRow({ part }: { part: Part }) {
  const words = texts.vulnerabilities.detail;
  return (
    <tr className={part.points > 0 ? undefined : "parts-none"}>
      <th scope="row">{words.parts[part.name] ?? part.name}</th>
      <td>
        <span className="parts-points" title={words.ofMax(written(part.points), written(part.max))}>
          <span>{written(part.points)}</span>
          <svg viewBox="0 0 30 8" preserveAspectRatio="none" aria-hidden="true">
            <rect className="score-ground" width={Math.min(30, part.max)} height="8" />
            <rect className="parts-bar" width={Math.min(30, part.points)} height="8" />
          </svg>
          <span className="parts-max">/ {count(part.max)}</span>
        </span>
      </td>
      <td>
        <Outside text={part.reason} />
      </td>
    </tr>
  );
}
