/** What of a place was not read or could not be judged, and why. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { type ListSource, pageOf } from "../../api/lists";
import type { Schema } from "../../api/types";
import { count } from "../../domain/format";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";
import { CoverageStatus } from "../Coverage";
import { Loaded } from "../Loaded";
import { Outside } from "../Outside";
import { Scrolls } from "../Scrolls";
import { SeverityBadge } from "../Severity";

/** Most rows that are drawn; a list of hundreds is for a script. */
const MOST = 200;

export function CoverageDetail({ source }: { source: ListSource<Schema<"Finding">, Schema<"FindingList">> }) {
  const found = useQuery({
    queryKey: ["coverage", source.address],
    queryFn: ({ signal }) => pageOf(source, {}, 1, undefined, signal),
  });
  return (
    <Loaded query={found}>
      {(page) => <CoverageOf coverage={page.coverage} cannotJudge={page.cannot_judge ?? []} />}
    </Loaded>
  );
}

interface CoverageOfProps {
  coverage: Schema<"Coverage">;
  cannotJudge: readonly Schema<"CannotJudge">[];
}

/** The same of what is here already. */
export function CoverageOf({ coverage, cannotJudge }: CoverageOfProps) {
  return (
    <SpaceBetween size="l">
      <Gaps coverage={coverage} />
      <Unjudged rows={cannotJudge} />
    </SpaceBetween>
  );
}

function Gaps({ coverage }: { coverage: Schema<"Coverage"> }) {
  const words = texts.places.coverage;
  const gaps = coverage.gaps ?? [];
  return (
    <Container
      header={
        <Header variant="h2" {...(gaps.length === 0 ? {} : { counter: `(${count(gaps.length)})` })}>
          {words.title} <CoverageStatus status={coverage.status ?? "unsupported"} />
        </Header>
      }
    >
      {gaps.length === 0 ? (
        words.complete
      ) : (
        <Scrolls label={words.gaps}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{words.gap.what}</th>
                <th scope="col">{words.gap.why}</th>
                <th scope="col">{words.gap.where}</th>
              </tr>
            </thead>
            <tbody>
              {gaps.slice(0, MOST).map((gap) => (
                <tr key={`${gap.reason} ${gap.path ?? ""} ${gap.layer ?? ""} ${gap.detail}`}>
                  <th scope="row" className="one-line">
                    {words.reasons[gap.reason] ?? gap.reason}
                  </th>
                  <td>
                    <Outside text={gap.detail} />
                  </td>
                  <td>
                    <Outside text={gap.path ?? shortDigest(gap.layer ?? "")} most={120} code />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
      {gaps.length > MOST && <p className="quiet">{words.more(count(gaps.length - MOST))}</p>}
    </Container>
  );
}

function Unjudged({ rows }: { rows: readonly Schema<"CannotJudge">[] }) {
  const words = texts.places.coverage;
  if (rows.length === 0) {
    return null;
  }
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count(rows.length)})`} description={words.cannotJudgeHint}>
          {words.cannotJudge}
        </Header>
      }
    >
      <Scrolls label={words.cannotJudge}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{words.cannot.vulnerability}</th>
              <th scope="col">{words.cannot.package}</th>
              <th scope="col">{words.cannot.installed}</th>
              <th scope="col">{words.cannot.why}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row) => (
              <tr key={`${row.vulnerability} ${row.package} ${row.installed_version} ${row.detail}`}>
                <th scope="row" className="one-line">
                  <Outside text={row.vulnerability} most={60} /> <SeverityBadge severity={row.severity} />
                </th>
                <td>
                  <Outside text={row.package} most={80} />
                </td>
                <td>
                  <Outside text={row.installed_version} most={60} code />
                </td>
                <td>
                  <Outside text={row.detail} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
      {rows.length > MOST && <p className="quiet">{words.more(count(rows.length - MOST))}</p>}
    </Container>
  );
}
