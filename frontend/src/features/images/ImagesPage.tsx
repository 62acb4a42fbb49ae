/** The list of images. */
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate } from "react-router";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { CoverageStatus } from "../../components/Coverage";
import { Empty } from "../../components/Empty";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Outside } from "../../components/Outside";
import { placeFilters } from "../../components/place/filters";
import { ScoreBar, SeverityCounts } from "../../components/Severity";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { shortDigest, visible } from "../../domain/outside";
import { texts } from "../../texts";
import { compareAddress } from "./compare";
import { ScanImage } from "./ScanImage";

const SOURCE = listAt("/api/v1/images", (page) => page.images);

function columns(): Column<Schema<"ImageRow">>[] {
  const words = texts.images.columns;
  return [
    {
      id: "name",
      header: words.name,
      isName: true,
      sort: "name",
      minWidth: 220,
      cell: (row) => (
        <To href={`/images/${encodeURIComponent(row.id)}`}>
          <Outside text={row.name} most={90} />
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
      id: "running",
      header: words.running,
      cell: (row) => {
        const running = row.standing.facts.running_containers;
        return typeof running === "number" ? count(running) : texts.common.unknown;
      },
      text: (row) => row.standing.facts.running_containers,
    },
    {
      id: "coverage",
      header: words.coverage,
      cell: (row) => <CoverageStatus status={row.standing.coverage} />,
      text: (row) => row.standing.coverage,
    },
    {
      id: "fixable",
      header: words.fixable,
      hidden: true,
      cell: (row) => count(row.standing.counts.fixable),
      text: (row) => row.standing.counts.fixable,
    },
    {
      id: "packages",
      header: words.packages,
      hidden: true,
      cell: (row) => count(row.standing.packages),
      text: (row) => row.standing.packages,
    },
    {
      id: "id",
      header: words.id,
      hidden: true,
      cell: (row) => <Outside text={shortDigest(row.id)} code />,
      text: (row) => row.id,
    },
  ];
}

const COLUMNS = columns();
const FILTERS = placeFilters(texts.images.filters.os);

export function ImagesPage() {
  const words = texts.images;
  const may = useMay();
  const navigate = useNavigate();
  const [isScanning, setScanning] = useState(false);
  const [chosen, setChosen] = useState<readonly Schema<"ImageRow">[]>([]);
  const scan = may("images.scan") ? <Button onClick={() => setScanning(true)}>{words.scan.action}</Button> : undefined;
  const [first, second] = chosen;
  const compare = (
    <Button
      disabled={chosen.length !== 2}
      disabledReason={words.compare.chooseTwo}
      onClick={() => {
        if (first !== undefined && second !== undefined) {
          void navigate(compareAddress(first.id, second.id));
        }
      }}
    >
      {words.compare.action}
    </Button>
  );
  return (
    <>
      <ResourceList
        id="images"
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
          <Empty title={words.empty} command={words.emptyCommand} action={scan}>
            {words.emptyHint}
          </Empty>
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            {compare}
            {scan}
          </SpaceBetween>
        }
        selection={{
          rows: chosen,
          label: words.compare.chooseTwo,
          name: (row) => visible(row.name).slice(0, 120),
          onChange: setChosen,
        }}
      />
      {isScanning && <ScanImage list={SOURCE.address} onClose={() => setScanning(false)} />}
    </>
  );
}
