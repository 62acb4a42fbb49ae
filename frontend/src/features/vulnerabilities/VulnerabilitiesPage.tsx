/** The ranked list of vulnerabilities. */
import Alert from "@cloudscape-design/components/alert";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Factors as Marks } from "../../components/Factors";
import { momentColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Outside } from "../../components/Outside";
import { Chip, ScoreBar, SeverityBadge } from "../../components/Severity";
import { To } from "../../components/To";
import { EXCEPTED } from "../../domain/exception";
import { factorsOf } from "../../domain/factors";
import { count, percent, score } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { placeAddress } from "../../domain/place";
import { SEVERITIES } from "../../domain/severity";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/vulnerabilities", (page) => page.vulnerabilities);

type Row = Schema<"VulnerabilityRow">;

function columns(): Column<Row>[] {
  const words = texts.vulnerabilities.columns;
  return [
    {
      id: "id",
      header: words.id,
      isName: true,
      sort: "id",
      minWidth: 150,
      cell: (row) => (
        <To href={`/vulnerabilities/${encodeURIComponent(row.id)}`}>
          <Outside text={row.id} most={60} />
        </To>
      ),
      text: (row) => row.id,
    },
    {
      id: "score",
      header: words.score,
      sort: "score",
      descending: true,
      cell: (row) => <ScoreBar score={row.score} />,
      text: (row) => row.score,
    },
    {
      id: "severity",
      header: words.severity,
      cell: (row) => <SeverityBadge severity={row.severity} />,
      text: (row) => row.severity,
    },
    { id: "facts", header: words.facts, minWidth: 180, cell: Factors, text: factorText },
    {
      id: "epss",
      header: words.epss,
      sort: "epss",
      descending: true,
      cell: (row) => (typeof row.epss === "number" ? percent(row.epss) : "–"),
      text: (row) => row.epss,
    },
    {
      id: "hosts",
      header: words.hosts,
      cell: (row) => count(row.hosts),
      text: (row) => row.hosts,
    },
    {
      id: "images",
      header: words.images,
      cell: (row) => count(row.images),
      text: (row) => row.images,
    },
    {
      id: "running",
      header: words.running,
      cell: (row) => count(row.running_containers),
      text: (row) => row.running_containers,
    },
    {
      id: "top",
      header: words.top,
      minWidth: 160,
      cell: (row) => (
        <To href={placeAddress(row.top_place)}>
          <Outside text={row.top_place_name} most={48} />
        </To>
      ),
      text: (row) => row.top_place_name,
    },
    momentColumn("due", words.due, (row) => row.due),
    {
      id: "cvss",
      header: words.cvss,
      hidden: true,
      cell: (row) => (typeof row.cvss_score === "number" ? score(row.cvss_score) : "–"),
      text: (row) => row.cvss_score,
    },
    {
      id: "places",
      header: words.places,
      hidden: true,
      sort: "places",
      descending: true,
      cell: (row) => count(row.hosts + row.images),
      text: (row) => row.hosts + row.images,
    },
  ];
}

/** Most marks in a row; the others are behind a button. */
const MOST_MARKS = 2;

/** What stands out about a vulnerability. */
function Factors(row: Row) {
  const words = texts.common.chips;
  return (
    <Marks factors={factorsOf(row)} most={MOST_MARKS}>
      {row.fix_available ? <Chip tone="good">{words.fix}</Chip> : <Chip>{words.noFix}</Chip>}
    </Marks>
  );
}

function factorText(row: Row): string {
  const words = texts.common.chips;
  const marks = factorsOf(row).map((factor) => texts.common.marks[factor]);
  return [...marks, row.fix_available ? words.fix : words.noFix].join("; ");
}

function filters(): ListFilter[] {
  const words = texts.vulnerabilities.filters;
  return [
    {
      key: "severity",
      label: words.severity,
      kind: "words",
      several: true,
      words: SEVERITIES.map((word) => ({ word, label: texts.common.severity[word] })),
    },
    { key: "known_exploited", label: words.exploited, kind: "yesno" },
    { key: "exposed", label: words.exposed, kind: "yesno" },
    { key: "fix_available", label: words.fix, kind: "yesno" },
    {
      key: "place_kind",
      label: words.place,
      kind: "words",
      words: [
        { word: "host", label: words.hosts },
        { word: "image", label: words.images },
      ],
    },
    { key: "new_since", label: words.newSince, kind: "moment" },
    {
      key: "excepted",
      label: texts.exceptions.excepted,
      kind: "words",
      words: EXCEPTED.map((word) => ({ word, label: texts.exceptions.excepteds[word] })),
    },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function VulnerabilitiesPage() {
  const words = texts.vulnerabilities;
  return (
    <ResourceList
      id="vulnerabilities"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      defaultSort="score"
      rowKey={(row) => row.id}
      above={(page) =>
        page.feeds_loaded ? undefined : (
          <Alert type="warning" header={words.noFeeds.title}>
            {words.noFeeds.hint}
          </Alert>
        )
      }
      empty={
        <Empty title={words.empty} command={words.emptyCommand}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}
