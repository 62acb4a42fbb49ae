/** The places that have a vulnerability. */
import { useMemo } from "react";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Factors } from "../../components/Factors";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Outside } from "../../components/Outside";
import { Chip, ScoreBar, SeverityBadge } from "../../components/Severity";
import { To } from "../../components/To";
import { factorsOfPlace } from "../../domain/factors";
import { placeAddress, placeOf } from "../../domain/place";
import { texts } from "../../texts";

type Row = Schema<"AffectedPlaceRow">;

function columns(vulnerability: string, shown: string | undefined): Column<Row>[] {
  const words = texts.vulnerabilities.detail;
  return [
    {
      id: "name",
      header: words.columns.name,
      isName: true,
      minWidth: 200,
      cell: (row) => (
        <To href={placeAddress(row.place)}>
          <Outside text={row.name} most={80} />
        </To>
      ),
      text: (row) => row.name,
    },
    {
      id: "kind",
      header: words.columns.kind,
      cell: (row) => words.kinds[placeOf(row.place)?.kind ?? ""] ?? "",
      text: (row) => placeOf(row.place)?.kind,
    },
    {
      id: "score",
      header: words.columns.score,
      cell: (row) => <ScoreBar score={row.score.value} />,
      text: (row) => row.score.value,
    },
    {
      id: "severity",
      header: words.columns.severity,
      cell: (row) => <SeverityBadge severity={row.severity} />,
      text: (row) => row.severity,
    },
    {
      id: "factors",
      header: words.columns.factors,
      minWidth: 160,
      cell: (row) => <Factors factors={factorsOfPlace(row.facts)} most={2} />,
      text: (row) =>
        factorsOfPlace(row.facts)
          .map((factor) => texts.common.marks[factor])
          .join("; "),
    },
    {
      id: "fix",
      header: words.columns.fix,
      cell: (row) =>
        row.fix_available ? <Chip tone="good">{texts.common.chips.fix}</Chip> : <Chip>{texts.common.chips.noFix}</Chip>,
      text: (row) => row.fix_available,
    },
    {
      id: "why",
      header: words.why,
      cell: (row) =>
        row.place === shown ? (
          <span className="quiet">{words.shown}</span>
        ) : (
          <To href={`/vulnerabilities/${encodeURIComponent(vulnerability)}?place=${encodeURIComponent(row.place)}`}>
            {words.why}
          </To>
        ),
      text: (row) => row.place,
    },
  ];
}

export function Places({ vulnerability, shown }: { vulnerability: string; shown: string | undefined }) {
  const words = texts.vulnerabilities.detail;
  const source = useMemo(
    () => listAt("/api/v1/vulnerabilities/{id}", (page) => page.places, { id: vulnerability }),
    [vulnerability],
  );
  const its = useMemo(() => columns(vulnerability, shown), [vulnerability, shown]);
  return (
    <ResourceList
      isPart
      id="vulnerability-places"
      title={words.placesTitle}
      source={source}
      columns={its}
      rowKey={(row) => row.place}
      empty={texts.vulnerabilities.empty}
    />
  );
}
