/** What to look at first, and how vulnerabilities are spread over severities. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import type { Schema } from "../../api/types";
import { Loaded } from "../../components/Loaded";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { Chip, ScoreBar, SeverityBadge } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { placeAddress } from "../../domain/place";
import { SEVERITIES, type Severity } from "../../domain/severity";
import { texts } from "../../texts";
import * as ask from "./questions";

/** What is known to be exploited, or the highest risks where nothing is. */
export function First() {
  const words = texts.overview.first;
  const exploited = useQuery(ask.exploited);
  const highest = useQuery(ask.highest);
  const hasExploited = (exploited.data?.total ?? 0) > 0;
  const shown = hasExploited ? exploited : highest;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={hasExploited ? words.exploited : words.all}
          actions={
            <To href={hasExploited ? "/vulnerabilities?known_exploited=true" : "/vulnerabilities"}>{words.more}</To>
          }
        >
          {words.title}
        </Header>
      }
    >
      <Loaded query={shown}>
        {(page) => (page.vulnerabilities.length === 0 ? words.none : <Rows rows={page.vulnerabilities} />)}
      </Loaded>
    </Container>
  );
}

function Rows({ rows }: { rows: readonly Schema<"VulnerabilityRow">[] }) {
  const words = texts.overview.first;
  return (
    <Scrolls label={words.title}>
      <table className="plain-table roomy">
        <thead>
          <tr>
            <th scope="col">{words.vulnerability}</th>
            <th scope="col">{words.risk}</th>
            <th scope="col">{words.factors}</th>
            <th scope="col">{words.where}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row" className="one-line">
                <To href={`/vulnerabilities/${encodeURIComponent(row.id)}`}>
                  <Outside text={row.id} most={40} />
                </To>
              </th>
              <td>
                <ScoreBar score={row.score} />
              </td>
              <td>
                <span className="chips">
                  <SeverityBadge severity={row.severity} />
                  {row.known_exploited && <Chip tone="bad">{texts.common.chips.knownExploited}</Chip>}
                  {row.fix_available && <Chip tone="good">{texts.common.chips.fix}</Chip>}
                </span>
              </td>
              <td>
                <To href={placeAddress(row.top_place)}>
                  <Outside text={row.top_place_name} most={48} />
                </To>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}

/** How many there are of each severity: bars that are a table. */
export function Distribution() {
  const words = texts.overview.distribution;
  const counts = useQuery({ ...ask.posture, select: ({ posture }) => posture.vulnerabilities ?? {} });
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <Loaded query={counts}>
        {(found) => {
          const of = (severity: Severity): number => found[severity] ?? 0;
          const most = Math.max(1, ...SEVERITIES.map(of));
          return (
            <table className="bars" aria-label={words.label}>
              <tbody>
                {SEVERITIES.map((severity) => (
                  <tr key={severity} className={`severity-${severity}`}>
                    <th scope="row">
                      <To href={`/vulnerabilities?severity=${severity}`}>{texts.common.severity[severity]}</To>
                    </th>
                    <td className="bars-number">{count(of(severity))}</td>
                    <td className="bars-bar">
                      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                        <rect className="score-ground" width="100" height="10" />
                        <rect className="score-part" width={(100 * of(severity)) / most} height="10" />
                      </svg>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }}
      </Loaded>
    </Container>
  );
}
