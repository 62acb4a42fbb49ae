/** The findings of a host or an image. */
import { useMemo } from "react";
import { useLocation } from "react-router";
import type { ListSource } from "../../api/lists";
import type { Schema } from "../../api/types";
import { EXCEPTED } from "../../domain/exception";
import { count, percent } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { shortDigest } from "../../domain/outside";
import { SEVERITIES } from "../../domain/severity";
import { texts } from "../../texts";
import { Empty } from "../Empty";
import type { Column } from "../list/columns";
import { ResourceList } from "../list/ResourceList";
import { Outside } from "../Outside";
import { Chip, ScoreBar, SeverityBadge } from "../Severity";
import { To } from "../To";
import { Fix } from "./Fix";

type Row = Schema<"Finding">;

function columns(place: string): Column<Row>[] {
  const words = texts.places.findings.columns;
  return [
    {
      id: "vulnerability",
      header: words.vulnerability,
      isName: true,
      sort: "vulnerability",
      minWidth: 150,
      cell: (row) => (
        <span className="chips">
          <To href={`/vulnerabilities/${encodeURIComponent(row.vulnerability)}?place=${encodeURIComponent(place)}`}>
            <Outside text={row.vulnerability} most={60} />
          </To>
          {row.excepted_by ? (
            <To href={`/exceptions/${encodeURIComponent(row.excepted_by)}`}>
              <Chip>{texts.exceptions.exceptedOne}</Chip>
            </To>
          ) : null}
        </span>
      ),
      text: (row) => row.vulnerability,
    },
    {
      id: "score",
      header: words.score,
      sort: "score",
      descending: true,
      cell: (row) => <ScoreBar score={row.score?.value} />,
      text: (row) => row.score?.value,
    },
    {
      id: "severity",
      header: words.severity,
      cell: (row) => <SeverityBadge severity={row.severity} />,
      text: (row) => row.severity,
    },
    {
      id: "package",
      header: words.package,
      sort: "package",
      minWidth: 140,
      cell: (row) => <Outside text={row.package} most={60} />,
      text: (row) => row.package,
    },
    {
      id: "installed",
      header: words.installed,
      cell: (row) => <Outside text={row.installed_version} most={40} code />,
      text: (row) => row.installed_version,
    },
    {
      id: "fix",
      header: words.fix,
      minWidth: 180,
      cell: (row) => <Fix finding={row} />,
      text: (row) => row.kb ?? row.fixed_version,
    },
    {
      id: "exploited",
      header: words.exploited,
      cell: (row) => (row.kev ? <Chip tone="bad">{texts.common.chips.knownExploited}</Chip> : texts.common.no),
      text: (row) => row.kev,
    },
    {
      id: "epss",
      header: words.epss,
      cell: (row) => (typeof row.epss === "number" ? percent(row.epss) : "–"),
      text: (row) => row.epss,
    },
    {
      id: "base",
      header: words.base,
      hidden: !place.startsWith("image/"),
      cell: (row) => fromText(row) ?? texts.common.unknown,
      text: fromText,
    },
    {
      id: "evidence",
      header: words.evidence,
      hidden: true,
      minWidth: 200,
      cell: (row) => <Outside text={row.evidence.comparison} most={120} code />,
      text: (row) => row.evidence.comparison,
    },
    {
      id: "path",
      header: words.path,
      hidden: true,
      cell: (row) => <Outside text={row.path ?? ""} most={80} code />,
      text: (row) => row.path,
    },
    {
      id: "layer",
      header: words.layer,
      hidden: true,
      cell: (row) => <Outside text={shortDigest(row.layer ?? "")} code />,
      text: (row) => row.layer,
    },
  ];
}

function fromText(row: Row): string | undefined {
  const words = texts.places.findings;
  return row.in_base_image === true ? words.base : row.in_base_image === false ? words.build : undefined;
}

function filters(): ListFilter[] {
  const words = texts.places.findings.filters;
  return [
    {
      key: "severity",
      label: words.severity,
      kind: "words",
      several: true,
      words: SEVERITIES.map((word) => ({ word, label: texts.common.severity[word] })),
    },
    { key: "known_exploited", label: words.exploited, kind: "yesno" },
    { key: "fix_available", label: words.fix, kind: "yesno" },
    {
      key: "excepted",
      label: texts.exceptions.excepted,
      kind: "words",
      words: EXCEPTED.map((word) => ({ word, label: texts.exceptions.excepteds[word] })),
    },
  ];
}

const FILTERS = filters();

/** How many are hidden, and the way to them. */
function Hidden({ count: n }: { count: number }) {
  const words = texts.exceptions;
  const { pathname } = useLocation();
  return (
    <div className="quiet">
      {words.counted(n, count(n))} <To href={`${pathname}?excepted=all`}>{words.showHidden}</To>
    </div>
  );
}

interface FindingsListProps {
  /** `host/ID` or `image/DIGEST`. */
  place: string;
  source: ListSource<Row, Schema<"FindingList">>;
}

export function FindingsList({ place, source }: FindingsListProps) {
  const words = texts.places.findings;
  const its = useMemo(() => columns(place), [place]);
  return (
    <ResourceList
      isPart
      id={`${place.split("/")[0]}-findings`}
      title={words.title}
      source={source}
      columns={its}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      defaultSort="score"
      rowKey={(row) =>
        `${row.vulnerability} ${row.package} ${row.installed_version} ${row.path ?? ""} ${row.layer ?? ""}`
      }
      above={({ excepted = 0 }) => excepted > 0 && <Hidden count={excepted} />}
      empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
    />
  );
}
