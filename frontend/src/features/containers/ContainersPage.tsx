/** The list of containers. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Chip, ScoreBar, SeverityCounts } from "../../components/Severity";
import type { ListFilter } from "../../domain/listQuery";
import { shortDigest } from "../../domain/outside";
import { portText, workloadName } from "../../domain/workload";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/containers", (page) => page.containers);

type Row = Schema<"ContainerRow">;

function columns(): Column<Row>[] {
  const words = texts.containers;
  return [
    textColumn("name", words.columns.name, (row) => row.name, {
      isName: true,
      minWidth: 160,
      href: (row) => `/containers/${encodeURIComponent(row.host)}/${encodeURIComponent(row.id)}`,
    }),
    {
      id: "score",
      header: words.columns.score,
      cell: (row) => <ScoreBar score={row.top_score} />,
      text: (row) => row.top_score,
    },
    textColumn("image", words.columns.image, (row) => row.image_name ?? shortDigest(row.image), {
      minWidth: 180,
      href: (row) => `/images/${encodeURIComponent(row.image)}`,
    }),
    textColumn("host", words.columns.host, (row) => row.host_name, {
      minWidth: 120,
      href: (row) => `/hosts/${encodeURIComponent(row.host)}`,
    }),
    textColumn("namespace", words.columns.namespace, (row) => row.namespace),
    {
      id: "state",
      header: words.columns.state,
      cell: (row) => (
        <StatusIndicator type={row.running ? "success" : "stopped"}>
          {row.running ? words.running : words.stopped}
        </StatusIndicator>
      ),
      text: (row) => row.running,
    },
    {
      id: "counts",
      header: words.columns.counts,
      cell: (row) => (row.counts ? <SeverityCounts counts={{ ...row.counts }} /> : texts.common.unknown),
      text: (row) => row.counts?.total,
    },
    {
      id: "exposure",
      header: words.columns.exposure,
      cell: (row) => texts.common.exposure[row.exposure] ?? texts.common.unknown,
      text: (row) => row.exposure,
    },
    {
      id: "privileged",
      header: words.columns.privileged,
      cell: (row) =>
        row.privileged === true ? (
          <Chip tone="bad">{texts.common.marks.privileged}</Chip>
        ) : row.privileged === false ? (
          texts.common.no
        ) : (
          texts.common.unknown
        ),
      text: (row) => row.privileged,
    },
    textColumn("ports", words.columns.ports, (row) => row.published.map(portText).join(", "), {
      hidden: true,
      code: true,
    }),
    {
      id: "isolation",
      header: words.columns.isolation,
      hidden: true,
      cell: (row) => words.isolations[row.isolation] ?? row.isolation,
      text: (row) => row.isolation,
    },
    momentColumn("started", words.columns.started, (row) => row.started_at, { hidden: true }),
    textColumn("workload", words.columns.workload, (row) => workloadName(row.workload), { hidden: true }),
    textColumn("id", words.columns.id, (row) => row.id, { hidden: true, code: true, most: 16 }),
  ];
}

function filters(): ListFilter[] {
  const words = texts.containers.filters;
  return [
    { key: "running", label: words.running, kind: "yesno" },
    { key: "exposed", label: words.exposed, kind: "yesno" },
    { key: "privileged", label: words.privileged, kind: "yesno" },
    { key: "host", label: words.host, kind: "text" },
    { key: "image", label: words.image, kind: "text" },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function ContainersPage() {
  const words = texts.containers;
  return (
    <ResourceList
      id="containers"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => `${row.host} ${row.id}`}
      empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
    />
  );
}
