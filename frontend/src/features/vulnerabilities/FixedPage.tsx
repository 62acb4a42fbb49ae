/** Findings that were fixed lately. */
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { SeverityBadge } from "../../components/Severity";
import type { ListFilter } from "../../domain/listQuery";
import { placeAddress, placeOf } from "../../domain/place";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/fixed", (page) => page.fixed);

type Row = Schema<"FixedRow">;

function columns(): Column<Row>[] {
  const words = texts.vulnerabilities.fixed;
  const { kinds } = texts.vulnerabilities.detail;
  return [
    textColumn("vulnerability", words.vulnerability, (row) => row.vulnerability, {
      isName: true,
      minWidth: 150,
      href: (row) => `/vulnerabilities/${encodeURIComponent(row.vulnerability)}`,
    }),
    {
      id: "severity",
      header: words.severity,
      cell: (row) => <SeverityBadge severity={row.severity} />,
      text: (row) => row.severity,
    },
    textColumn("place", words.place, (row) => row.name, { minWidth: 180, href: (row) => placeAddress(row.place) }),
    {
      id: "kind",
      header: words.kind,
      cell: (row) => kinds[placeOf(row.place)?.kind ?? ""] ?? "",
      text: (row) => placeOf(row.place)?.kind,
    },
    momentColumn("at", words.at, (row) => row.fixed_at),
  ];
}

const COLUMNS = columns();
const FILTERS: ListFilter[] = [{ key: "since", label: texts.vulnerabilities.fixed.since, kind: "moment" }];

export function FixedPage() {
  const words = texts.vulnerabilities.fixed;
  return (
    <ResourceList
      id="fixed"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      placeholder={words.find}
      rowKey={(row) => `${row.vulnerability} ${row.place} ${row.fixed_at}`}
      empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
    />
  );
}
