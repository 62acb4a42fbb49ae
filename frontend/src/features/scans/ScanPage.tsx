/** One scan of a build: what the gate said and why, what was found and what to install, and what was not read. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { answered } from "../../api/client";
import { api, problemIn } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { CoverageStatus } from "../../components/Coverage";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { CoverageOf } from "../../components/place/CoverageDetail";
import { SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import { Found, LeftOut, Remedies } from "./found";
import { Gate } from "./Gate";

type Report = Schema<"Report">;

/** The report; nothing where there is none. */
async function ask(id: string, signal: AbortSignal): Promise<Report | null> {
  try {
    return await answered(api.GET("/api/v1/scans/{id}", { params: { path: { id } }, signal }));
  } catch (error) {
    if (problemIn(error)?.problem.status === 404) {
      return null;
    }
    throw error;
  }
}

export function ScanPage() {
  const { id = "" } = useParams();
  const words = texts.scans;
  const query = useQuery({ queryKey: ["scan", id], queryFn: ({ signal }) => ask(id, signal) });
  const name = query.data?.target.name ?? words.title;
  return (
    <Page title={name} heading={<Outside text={name} most={120} />} above={[{ text: words.title, href: "/scans" }]}>
      <Loaded query={query}>
        {(report) =>
          report === null ? (
            <Empty title={words.gone} action={<Go href="/scans">{words.all}</Go>}>
              {words.goneHint}
            </Empty>
          ) : (
            <Detail id={id} report={report} />
          )
        }
      </Loaded>
    </Page>
  );
}

const TYPES: Record<string, "success" | "error" | "warning"> = {
  pass: "success",
  violated: "error",
  not_fully_scanned: "warning",
};

/** Where what was scanned has a page of its own. */
function placeOf({ id, kind }: Report["target"]): string | undefined {
  if (!id) {
    return undefined;
  }
  return kind === "image" || kind === "host" ? `/${kind}s/${encodeURIComponent(id)}` : undefined;
}

function Detail({ id, report }: { id: string; report: Report }) {
  const words = texts.scans;
  const verdict = report.policy?.verdict;
  const suppressed = report.suppressed ?? [];
  const gaps = (report.coverage.gaps ?? []).length + (report.cannot_judge ?? []).length;
  const counted = (label: string, n: number) => (n === 0 ? label : `${label} (${count(n)})`);
  return (
    <div className="stack">
      <Alert
        type={(verdict && TYPES[verdict]) || "info"}
        header={verdict ? (words.verdicts[verdict] ?? verdict) : words.noVerdict}
        action={<Go href="/policies">{words.toPolicy}</Go>}
      >
        {verdict ? words.verdictHints[verdict] : words.noVerdictHint}
      </Alert>
      {report.policy ? <Gate outcome={report.policy} /> : null}
      <Standing id={id} report={report} />
      <PageTabs
        label={words.parts}
        tabs={[
          {
            id: "findings",
            label: words.tabs.findings,
            content: <Found findings={report.findings} />,
          },
          {
            id: "remedies",
            label: counted(words.tabs.remedies, (report.remedies ?? []).length),
            content: <Remedies remedies={report.remedies ?? []} />,
          },
          {
            id: "coverage",
            label: counted(words.tabs.coverage, gaps),
            content: <CoverageOf coverage={report.coverage} cannotJudge={report.cannot_judge ?? []} />,
          },
          {
            id: "left-out",
            label: counted(words.tabs.leftOut, suppressed.length),
            content: <LeftOut suppressed={suppressed} />,
          },
        ]}
      />
    </div>
  );
}

function Standing({ id, report }: { id: string; report: Report }) {
  const words = texts.scans;
  const { summary, target } = report;
  const place = placeOf(target);
  return (
    <Container>
      <KeyValuePairs
        columns={4}
        items={[
          { label: words.findings, value: <SeverityCounts counts={{ ...summary }} /> },
          { label: words.exploited, value: count(summary.known_exploited) },
          { label: words.fixable, value: count(summary.fixable) },
          { label: words.coverage, value: <CoverageStatus status={report.coverage.status ?? "unsupported"} /> },
          { label: words.scanned, value: <Moment at={report.scanned_at} plain /> },
          { label: words.kind, value: words.kinds[target.kind] ?? target.kind },
          { label: words.software, value: <Outside text={report.software} most={40} /> },
          { label: words.id, value: <Copyable text={id} /> },
          ...(place === undefined ? [] : [{ label: words.target, value: <To href={place}>{words.place}</To> }]),
        ]}
      />
    </Container>
  );
}
