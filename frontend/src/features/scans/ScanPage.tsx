/** One scan of a build: what the gate said, and what was found. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { all, answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { CoverageStatus } from "../../components/Coverage";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";

type Scan = Schema<"ScanRow">;

/** Most scans that are looked through. */
const MOST = 5000;

/** Finds a scan. The API has no question for one alone, so the newest are read until it comes. */
async function find(id: string, signal: AbortSignal): Promise<Scan | null> {
  const rows = all(
    (cursor) =>
      answered(
        api.GET("/api/v1/scans", {
          params: { query: cursor === undefined ? { limit: 500 } : { limit: 500, cursor } },
          signal,
        }),
      ),
    (page) => page.scans,
  );
  let seen = 0;
  for await (const row of rows) {
    seen += 1;
    if (row.id === id) {
      return row;
    }
    if (seen >= MOST) {
      break;
    }
  }
  return null;
}

export function ScanPage() {
  const { id = "" } = useParams();
  const words = texts.scans;
  const query = useQuery({ queryKey: ["scan", id], queryFn: ({ signal }) => find(id, signal) });
  const name = query.data?.target.name ?? words.title;
  return (
    <Page title={name} heading={<Outside text={name} most={120} />} above={[{ text: words.title, href: "/scans" }]}>
      <Loaded query={query}>
        {(scan) =>
          scan === null ? (
            <Empty title={words.gone} action={<Go href="/scans">{words.all}</Go>}>
              {words.goneHint}
            </Empty>
          ) : (
            <Detail scan={scan} />
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
function placeOf({ id, kind }: Scan["target"]): string | undefined {
  if (!id) {
    return undefined;
  }
  return kind === "image" || kind === "host" ? `/${kind}s/${encodeURIComponent(id)}` : undefined;
}

function Detail({ scan }: { scan: Scan }) {
  const words = texts.scans;
  const { summary, target, verdict } = scan;
  const place = placeOf(target);
  return (
    <SpaceBetween size="l">
      <Alert
        type={(verdict && TYPES[verdict]) || "info"}
        header={verdict ? (words.verdicts[verdict] ?? verdict) : words.noVerdict}
        action={<Go href="/policies">{words.toPolicy}</Go>}
      >
        {verdict ? words.verdictHints[verdict] : words.noVerdictHint}
      </Alert>
      <Container header={<Header variant="h2">{words.findings}</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: words.findings, value: <SeverityCounts counts={{ ...summary }} /> },
            { label: words.exploited, value: count(summary.known_exploited) },
            { label: words.fixable, value: count(summary.fixable) },
            { label: words.suppressed, value: count(scan.suppressed) },
            { label: words.cannotJudge, value: count(summary.cannot_judge) },
            { label: words.coverage, value: <CoverageStatus status={scan.coverage} /> },
          ]}
        />
      </Container>
      <Container>
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.kind, value: words.kinds[target.kind] ?? target.kind },
            { label: words.scanned, value: <Moment at={scan.scanned_at} plain /> },
            { label: words.received, value: <Moment at={scan.received_at} plain /> },
            { label: words.by, value: <Outside text={scan.sent_by} most={80} /> },
            { label: words.software, value: <Outside text={scan.software} most={40} /> },
            { label: words.id, value: <Copyable text={scan.id} /> },
            ...(place === undefined ? [] : [{ label: words.target, value: <To href={place}>{words.place}</To> }]),
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}
