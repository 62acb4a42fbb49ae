/** The list of scans that builds sent. */
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { CoverageStatus } from "../../components/Coverage";
import { Empty } from "../../components/Empty";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { SeverityCounts } from "../../components/Severity";
import { count } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";
import { Verdict } from "./Verdict";

const SOURCE = listAt("/api/v1/scans", (page) => page.scans);

type Scan = Schema<"ScanRow">;

function columns(): Column<Scan>[] {
  const words = texts.scans;
  return [
    textColumn("target", words.target, (row) => row.target.name, {
      isName: true,
      minWidth: 200,
      href: (row) => `/scans/${encodeURIComponent(row.id)}`,
    }),
    {
      id: "verdict",
      header: words.verdict,
      cell: (row) => <Verdict verdict={row.verdict} />,
      text: (row) => row.verdict,
    },
    {
      id: "findings",
      header: words.findings,
      cell: (row) => <SeverityCounts counts={{ ...row.summary }} />,
      text: (row) => row.summary.total,
    },
    {
      id: "exploited",
      header: words.exploited,
      cell: (row) => count(row.summary.known_exploited),
      text: (row) => row.summary.known_exploited,
    },
    {
      id: "coverage",
      header: words.coverage,
      cell: (row) => <CoverageStatus status={row.coverage} />,
      text: (row) => row.coverage,
    },
    momentColumn("scanned", words.scanned, (row) => row.scanned_at),
    textColumn("by", words.by, (row) => row.sent_by),
    textColumn("kind", words.kind, (row) => words.kinds[row.target.kind] ?? row.target.kind, { hidden: true }),
    textColumn("software", words.software, (row) => row.software, { hidden: true }),
    textColumn("id", words.id, (row) => row.id, { hidden: true, code: true }),
  ];
}

function filters(): ListFilter[] {
  const words = texts.scans;
  return [
    {
      key: "verdict",
      label: words.verdict,
      kind: "words",
      words: ["pass", "violated", "not_fully_scanned"].map((word) => ({ word, label: words.verdicts[word] ?? word })),
    },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function ScansPage() {
  const words = texts.scans;
  return (
    <ResourceList
      id="scans"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => row.id}
      empty={
        <Empty title={words.empty} command={words.command(location.origin)}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}
