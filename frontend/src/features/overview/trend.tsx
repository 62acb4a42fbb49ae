/** How the estate stood day by day. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Schema } from "../../api/types";
import { Chart } from "../../components/chart/Chart";
import type { Colours } from "../../components/chart/colours";
import { stackedLines } from "../../components/chart/options";
import { Loaded } from "../../components/Loaded";
import { Scrolls } from "../../components/Scrolls";
import { count, day } from "../../domain/format";
import { SEVERITIES } from "../../domain/severity";
import { countsOn, coursesOf, someDays, TRENDS, type TrendOf, totalOf, trendLines } from "../../domain/trend";
import { texts } from "../../texts";
import * as ask from "./questions";

/** Days that can be looked back. */
const SPANS = ["30", "90", "365"] as const;
/** Most days of the table. */
const MOST = 16;

export function TrendCard() {
  const words = texts.overview.trend;
  const [params, setParams] = useSearchParams();
  const of = TRENDS.find((one) => one === params.get("trend")) ?? "vulnerabilities";
  const span = SPANS.find((one) => one === params.get("days")) ?? "30";
  const query = useQuery({ ...ask.trend(Number(span)), placeholderData: keepPreviousData });
  const choose = (key: string, value: string, usual: string): void => {
    const next = new URLSearchParams(params);
    if (value === usual) {
      next.delete(key);
    } else {
      next.set(key, value);
    }
    setParams(next, { replace: true, preventScrollReset: true });
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <SegmentedControl
                label={words.of}
                selectedId={of}
                options={TRENDS.map((id) => ({ id, text: words.ofs[id] }))}
                onChange={({ detail }) => choose("trend", detail.selectedId, "vulnerabilities")}
              />
              <SegmentedControl
                label={words.span}
                selectedId={span}
                options={SPANS.map((id) => ({ id, text: words.spans(id) }))}
                onChange={({ detail }) => choose("days", detail.selectedId, "30")}
              />
            </SpaceBetween>
          }
        >
          {words.title}
        </Header>
      }
    >
      <Loaded query={query}>{(trend) => <Trend trend={trend} of={of} />}</Loaded>
    </Container>
  );
}

function Trend({ trend, of }: { trend: Schema<"Trend">; of: TrendOf }) {
  const words = texts.overview.trend;
  const { days } = trend;
  const courses = useMemo(() => coursesOf(days, of), [days, of]);
  const draw = useCallback(
    (colours: Colours) =>
      stackedLines(
        days.map((one) => day(one.day)),
        trendLines(days, of).map((line) => ({ ...line, name: texts.common.severity[line.severity] })),
        colours,
      ),
    [days, of],
  );
  const all = courses[0];
  if (all === undefined || days.length === 0) {
    return words.nothing;
  }
  const label = words.course(words.ofs[of], count(all.first), count(all.last), day(days[0]?.day ?? ""));
  return (
    <div className="stack">
      {trend.limited && <Alert type="info">{words.limited}</Alert>}
      <p className="flat">{days.length === 1 ? words.firstDay(count(all.last)) : label}</p>
      <Chart label={label} draw={draw} />
      <ul className="legend">
        {courses.slice(1).map(({ severity, first, last }) =>
          severity === "all" || (first === 0 && last === 0) ? null : (
            <li key={severity} className={`severity-count severity-${severity}`}>
              <span className="severity-dot" aria-hidden="true" /> {texts.common.severity[severity]} {count(last)}{" "}
              <span className="quiet">{words.change(last - first, count(Math.abs(last - first)))}</span>
            </li>
          ),
        )}
      </ul>
      <ExpandableSection variant="footer" headerText={words.table}>
        <Table days={days} of={of} />
      </ExpandableSection>
    </div>
  );
}

function Table({ days, of }: { days: Schema<"Trend">["days"]; of: TrendOf }) {
  const words = texts.overview.trend;
  return (
    <Scrolls label={words.table}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{words.day}</th>
            <th scope="col">{words.all}</th>
            {SEVERITIES.map((severity) => (
              <th key={severity} scope="col">
                {texts.common.severity[severity]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {someDays(days, MOST)
            .reverse()
            .map((one) => {
              const counts = countsOn(one, of);
              return (
                <tr key={one.day}>
                  <th scope="row" className="one-line">
                    {day(one.day)}
                  </th>
                  <td>{count(totalOf(counts))}</td>
                  {SEVERITIES.map((severity) => (
                    <td key={severity}>{count(counts[severity] ?? 0)}</td>
                  ))}
                </tr>
              );
            })}
        </tbody>
      </table>
    </Scrolls>
  );
}
