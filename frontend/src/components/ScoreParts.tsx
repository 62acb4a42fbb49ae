/** What a score is made of, so that a person can add it up. */
import type { Schema } from "../api/types";
import { count, score as written } from "../domain/format";
import { texts } from "../texts";
import { Outside } from "./Outside";
import { Scrolls } from "./Scrolls";

export function ScoreParts({ score }: { score: Schema<"Score"> }) {
  const words = texts.vulnerabilities.detail;
  const parts = score.parts ?? [];
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
        <tbody>
          {parts.map((part) => (
            <tr key={part.name} className={part.points > 0 ? undefined : "parts-none"}>
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
          ))}
        </tbody>
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
