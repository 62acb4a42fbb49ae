/** Hosts and images by the highest severity that each has. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Schema } from "../../api/types";
import { Chart } from "../../components/chart/Chart";
import type { Colours } from "../../components/chart/colours";
import { shareBars } from "../../components/chart/options";
import { Loaded } from "../../components/Loaded";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { SEVERITIES, type Severity } from "../../domain/severity";
import { sharesOf } from "../../domain/trend";
import { texts } from "../../texts";
import * as ask from "./questions";

/** What the bars are made of, worst first. */
const PARTS = [...SEVERITIES, "none"] as const;

export function ResourcesCard({ seesHosts }: { seesHosts: boolean }) {
  const words = texts.overview.resources;
  const query = useQuery(ask.posture);
  return (
    <Container
      header={
        <Header variant="h2" description={words.hint}>
          {words.title}
        </Header>
      }
    >
      <Loaded query={query}>{({ posture }) => <Resources posture={posture} seesHosts={seesHosts} />}</Loaded>
    </Container>
  );
}

function Resources({ posture, seesHosts }: { posture: Schema<"Posture">; seesHosts: boolean }) {
  const words = texts.overview.resources;
  const rows = useMemo(() => {
    const kinds = seesHosts ? (["hosts", "images"] as const) : (["images"] as const);
    return kinds.map((kind) => ({ kind, name: words.kinds[kind], shares: sharesOf(posture[kind] ?? {}) }));
  }, [posture, seesHosts, words]);
  const draw = useCallback(
    (colours: Colours) =>
      shareBars(
        rows.map(({ name }) => name),
        PARTS.map((severity, index) => ({
          name: nameOf(severity),
          severity,
          counts: rows.map(({ shares }) => shares[index]?.count ?? 0),
          shares: rows.map(({ shares }) => shares[index]?.share ?? 0),
        })),
        colours,
      ),
    [rows],
  );
  return (
    <div className="stack">
      <Chart size="low" label={words.title} draw={draw} />
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{words.severity}</th>
            {rows.map(({ kind, name }) => (
              <th key={kind} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {PARTS.map((severity, index) => (
            <tr key={severity}>
              <th scope="row" className={`severity-count severity-${severity}`}>
                <span className="severity-dot" aria-hidden="true" /> {nameOf(severity)}
              </th>
              {rows.map(({ kind, name, shares }) => {
                const its = count(shares[index]?.count ?? 0);
                return (
                  <td key={kind}>
                    {severity === "none" ? (
                      its
                    ) : (
                      <To href={`/${kind}?severity=${severity}`} ariaLabel={`${name}, ${nameOf(severity)}: ${its}`}>
                        {its}
                      </To>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function nameOf(severity: Severity | "none"): string {
  return severity === "none" ? texts.overview.resources.none : texts.common.severity[severity];
}
