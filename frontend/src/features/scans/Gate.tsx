/** Why the gate said what it said: rules that are violated, what is lacking for a pass, and what asks for attention. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import type { Schema } from "../../api/types";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { SeverityBadge } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";

/** Most violations that are drawn: what is at the top is the gravest. */
const MOST = 100;

export function Gate({ outcome }: { outcome: Schema<"PolicyOutcome"> }) {
  const words = texts.scans.gate;
  const { considered = 0, known_before: knownBefore = 0, lacking = [], notices = [], violations = [] } = outcome;
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={`(${count(violations.length)})`}
          description={
            knownBefore > 0
              ? words.consideredNew(count(considered), count(knownBefore))
              : words.considered(count(considered))
          }
        >
          {words.title}
        </Header>
      }
    >
      <div className="stack">
        {violations.length === 0 ? <span className="quiet">{words.none}</span> : <Violations rows={violations} />}
        {lacking.length > 0 && (
          <div>
            <h3 className="small-heading">{words.lacking}</h3>
            <ul className="plain-list">
              {lacking.map((sentence) => (
                <li key={sentence}>
                  <Outside text={sentence} most={400} />
                </li>
              ))}
            </ul>
          </div>
        )}
        {notices.length > 0 && (
          <div>
            <h3 className="small-heading">{words.notices}</h3>
            <ul className="plain-list">
              {notices.map((notice) => (
                <li key={`${notice.kind} ${notice.source} ${notice.detail}`}>
                  <Outside text={notice.detail} most={400} />{" "}
                  <span className="quiet">
                    <Outside text={notice.source} most={80} />
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Container>
  );
}

function Violations({ rows }: { rows: readonly Schema<"Violation">[] }) {
  const words = texts.scans.gate;
  return (
    <>
      <Scrolls label={words.title}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{words.reason}</th>
              <th scope="col">{words.finding}</th>
              <th scope="col">{words.rule}</th>
              <th scope="col">{words.policy}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row, index) => (
              // One finding may violate a rule in two packages of one name.
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
              <tr key={index}>
                <th scope="row">
                  <Outside text={row.reason} most={300} />
                </th>
                <td>
                  {row.finding ? (
                    <>
                      <span className="chips">
                        <To href={`/vulnerabilities/${encodeURIComponent(row.finding.vulnerability)}`}>
                          <Outside text={row.finding.vulnerability} most={60} />
                        </To>
                        <SeverityBadge severity={row.finding.severity} />
                      </span>
                      <div className="quiet">
                        <Outside text={`${row.finding.package} ${row.finding.installed_version}`} most={80} />
                      </div>
                    </>
                  ) : (
                    "–"
                  )}
                </td>
                <td>
                  <Outside text={row.rule} most={40} code />
                </td>
                <td>
                  <Outside text={row.policy} most={60} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
      {rows.length > MOST && <p className="quiet">{texts.places.coverage.more(count(rows.length - MOST))}</p>}
    </>
  );
}
