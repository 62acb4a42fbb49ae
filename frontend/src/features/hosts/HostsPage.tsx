/** The list of hosts. */
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { CoverageStatus } from "../../components/Coverage";
import { Empty } from "../../components/Empty";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Outside } from "../../components/Outside";
import { placeFilters } from "../../components/place/filters";
import { ScoreBar, SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/hosts", (page) => page.hosts);

function columns(): Column<Schema<"HostRow">>[] {
  const words = texts.hosts.columns;
  return [
    {
      id: "name",
      header: words.name,
      isName: true,
      sort: "name",
      minWidth: 160,
      cell: (row) => (
        <To href={`/hosts/${encodeURIComponent(row.id)}`}>
          <Outside text={row.name} most={80} />
        </To>
      ),
      text: (row) => row.name,
    },
    {
      id: "score",
      header: words.score,
      sort: "score",
      descending: true,
      cell: (row) => <ScoreBar score={row.standing.top_score} />,
      text: (row) => row.standing.top_score,
    },
    {
      id: "os",
      header: words.os,
      minWidth: 160,
      cell: (row) => (row.os ? <Outside text={row.os} most={80} /> : texts.common.unknown),
      text: (row) => row.os,
    },
    {
      id: "counts",
      header: words.counts,
      cell: (row) => <SeverityCounts counts={row.standing.counts} />,
      text: (row) => row.standing.counts.total,
    },
    {
      id: "exploited",
      header: words.exploited,
      cell: (row) => count(row.standing.counts.known_exploited),
      text: (row) => row.standing.counts.known_exploited,
    },
    {
      id: "fixable",
      header: words.fixable,
      cell: (row) => count(row.standing.counts.fixable),
      text: (row) => row.standing.counts.fixable,
    },
    {
      id: "exposure",
      header: words.exposure,
      cell: (row) => texts.common.exposure[row.standing.facts.exposure ?? "unknown"] ?? texts.common.unknown,
      text: (row) => row.standing.facts.exposure,
    },
    {
      id: "coverage",
      header: words.coverage,
      cell: (row) => <CoverageStatus status={row.standing.coverage} />,
      text: (row) => row.standing.coverage,
    },
    {
      id: "packages",
      header: words.packages,
      hidden: true,
      cell: (row) => count(row.standing.packages),
      text: (row) => row.standing.packages,
    },
    { id: "id", header: words.id, hidden: true, cell: (row) => <Outside text={row.id} code />, text: (row) => row.id },
  ];
}

const COLUMNS = columns();
const FILTERS = placeFilters(texts.hosts.filters.os);

export function HostsPage() {
  const words = texts.hosts;
  return (
    <ResourceList
      id="hosts"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      defaultSort="score"
      rowKey={(row) => row.id}
      empty={
        <Empty title={words.empty} command={words.emptyCommand}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}
