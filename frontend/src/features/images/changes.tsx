/** What became of an image's vulnerabilities, packages and layers in another one. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo } from "react";
import type { Column } from "../../components/list/columns";
import { type Kinds, LocalTable } from "../../components/list/LocalTable";
import { Outside } from "../../components/Outside";
import { PageTabs } from "../../components/PageTabs";
import { Chip, ScoreBar, SeverityBadge, SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import {
  bySeverity,
  compareLayers,
  comparePackages,
  compareVulnerabilities,
  counted,
  type LayerChange,
  type LayerChanges,
  type PackageChange,
  type VulnerabilityChange,
} from "../../domain/compare";
import { bytes, count } from "../../domain/format";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";
import type { ImageSide } from "./ComparePage";

export function Changes({ first, second }: { first: ImageSide; second: ImageSide }) {
  const words = texts.images.compare;
  const vulnerabilities = useMemo(
    () => compareVulnerabilities(first.findings, second.findings),
    [first.findings, second.findings],
  );
  const packages = useMemo(() => comparePackages(first.packages, second.packages), [first.packages, second.packages]);
  const layers = useMemo(
    () => compareLayers(first.image.image.layers ?? [], second.image.image.layers ?? []),
    [first.image, second.image],
  );
  return (
    <>
      <Summary vulnerabilities={vulnerabilities} packages={packages} layers={layers} />
      <PageTabs
        label={words.title}
        keeps={["a", "b"]}
        tabs={[
          {
            id: "vulnerabilities",
            label: words.tabs.vulnerabilities,
            content: <Vulnerabilities rows={vulnerabilities} />,
          },
          { id: "packages", label: words.tabs.packages, content: <Packages rows={packages} /> },
          { id: "layers", label: words.tabs.layers, content: <Layers layers={layers} /> },
        ]}
      />
    </>
  );
}

interface SummaryProps {
  vulnerabilities: readonly VulnerabilityChange[];
  packages: readonly PackageChange[];
  layers: LayerChanges;
}

function Summary({ vulnerabilities, packages, layers }: SummaryProps) {
  const words = texts.images.compare;
  const became = counted(vulnerabilities);
  const changed = counted(packages);
  const hints = { fixed: words.fixedHint, new: words.newHint, same: words.sameHint };
  return (
    <div className="tiles" data-testid="compared">
      {(["fixed", "new", "same"] as const).map((kind) => (
        <div key={kind} className={`panel tile-became tile-${kind}`}>
          <div className="tile-label">
            {words.vulnerabilities}: {words.became[kind]}
          </div>
          <div className="figure">{count(became.get(kind) ?? 0)}</div>
          <div className="quiet">{hints[kind]}</div>
          <SeverityCounts counts={bySeverity(vulnerabilities, kind)} />
        </div>
      ))}
      <div className="panel">
        <div className="tile-label">{words.packages}</div>
        {(["added", "removed", "changed", "same"] as const).map((kind) => (
          <div key={kind}>
            {words.became[kind]}: <strong>{count(changed.get(kind) ?? 0)}</strong>
          </div>
        ))}
      </div>
      <div className="panel">
        <div className="tile-label">{words.layers}</div>
        <div>{words.sharedLayers(layers.shared, count(layers.shared))}</div>
        {layers.sharedBytes !== undefined && layers.shared > 0 && (
          <div className="quiet">{words.sharedSize(bytes(layers.sharedBytes))}</div>
        )}
        <div className="quiet">{words.only(count(layers.onlyFirst), count(layers.onlySecond))}</div>
      </div>
    </div>
  );
}

const TONES = { new: "bad", fixed: "good", same: "plain" } as const;

function vulnerabilityColumns(): Column<VulnerabilityChange>[] {
  const words = texts.images.compare;
  return [
    {
      id: "id",
      header: words.columns.vulnerability,
      isName: true,
      minWidth: 150,
      cell: (row) => (
        <To href={`/vulnerabilities/${encodeURIComponent(row.id)}`}>
          <Outside text={row.id} most={60} />
        </To>
      ),
      text: (row) => row.id,
    },
    {
      id: "became",
      header: words.columns.became,
      cell: (row) => <Chip tone={TONES[row.became]}>{words.became[row.became]}</Chip>,
      text: (row) => words.became[row.became],
    },
    {
      id: "score",
      header: words.columns.score,
      cell: (row) => <ScoreBar score={row.score} />,
      text: (row) => row.score,
    },
    {
      id: "severity",
      header: words.columns.severity,
      minWidth: 160,
      cell: (row) => (
        <span className="chips">
          <SeverityBadge severity={row.severity} />
          {row.isExploited && <Chip tone="bad">{texts.common.chips.knownExploited}</Chip>}
        </span>
      ),
      text: (row) => row.severity,
    },
    {
      id: "packages",
      header: words.columns.packages,
      minWidth: 180,
      cell: (row) => <Outside text={row.packages.join(", ")} most={120} />,
      text: (row) => row.packages.join(" "),
    },
    {
      id: "fix",
      header: words.columns.fix,
      cell: (row) => (row.fix === undefined ? "–" : <Outside text={row.fix} most={60} code />),
      text: (row) => row.fix,
    },
  ];
}

function Vulnerabilities({ rows }: { rows: readonly VulnerabilityChange[] }) {
  const words = texts.images.compare;
  const columns = useMemo(vulnerabilityColumns, []);
  const kinds = useMemo(() => kindsOf<VulnerabilityChange>(["new", "fixed", "same"]), []);
  return (
    <LocalTable
      name="compared-vulnerabilities"
      title={words.vulnerabilities}
      rows={rows}
      columns={columns}
      kinds={kinds}
      rowKey={({ id }) => id}
      search={searchVulnerability}
      placeholder={words.findVulnerability}
      empty={words.noVulnerabilities}
    />
  );
}

const searchVulnerability = (row: VulnerabilityChange): string => [row.id, ...row.packages].join(" ");
const searchPackage = (row: PackageChange): string => [row.name, row.kind, ...row.before, ...row.after].join(" ");
const searchLayer = (row: LayerRow): string => `${row.diffId} ${row.createdBy ?? ""}`;

/** Kinds of rows by what became of them. */
function kindsOf<Row extends { became: string }>(ids: readonly string[], first?: string): Kinds<Row> {
  const words = texts.images.compare.became;
  return {
    of: (row) => row.became,
    words: ids.map((id) => ({ id, text: words[id] ?? id })),
    ...(first === undefined ? {} : { first }),
  };
}

const PACKAGE_STATES = { added: "info", removed: "stopped", changed: "in-progress", same: "success" } as const;

function packageColumns(): Column<PackageChange>[] {
  const words = texts.images.compare;
  const versions = (all: readonly string[]) =>
    all.length === 0 ? "–" : <Outside text={all.join(", ")} most={80} code />;
  return [
    {
      id: "name",
      header: words.columns.package,
      isName: true,
      minWidth: 160,
      cell: (row) => <Outside text={row.name} most={80} />,
      text: (row) => row.name,
    },
    {
      id: "became",
      header: words.columns.became,
      cell: (row) => (
        <StatusIndicator type={PACKAGE_STATES[row.became]} colorOverride="grey">
          {words.became[row.became]}
        </StatusIndicator>
      ),
      text: (row) => words.became[row.became],
    },
    {
      id: "before",
      header: words.columns.before,
      cell: (row) => versions(row.before),
      text: (row) => row.before.join(" "),
    },
    {
      id: "after",
      header: words.columns.after,
      cell: (row) => versions(row.after),
      text: (row) => row.after.join(" "),
    },
    {
      id: "kind",
      header: words.columns.kind,
      cell: (row) => row.kind.replaceAll("_", " "),
      text: (row) => row.kind,
    },
  ];
}

function Packages({ rows }: { rows: readonly PackageChange[] }) {
  const words = texts.images.compare;
  const columns = useMemo(packageColumns, []);
  const kinds = useMemo(() => kindsOf<PackageChange>(["changed", "added", "removed", "same"]), []);
  return (
    <LocalTable
      name="compared-packages"
      title={words.packages}
      rows={rows}
      columns={columns}
      kinds={kinds}
      rowKey={({ kind, name }) => `${kind} ${name}`}
      search={searchPackage}
      placeholder={words.findPackage}
      empty={words.noPackages}
    />
  );
}

/** A layer with its place in the table, since one may be in an image twice. */
interface LayerRow extends LayerChange {
  number: number;
}

function layerColumns(): Column<LayerRow>[] {
  const words = texts.images.compare;
  return [
    {
      id: "layer",
      header: words.columns.layer,
      isName: true,
      cell: (row) => <Outside text={shortDigest(row.diffId)} code />,
      text: (row) => row.diffId,
    },
    {
      id: "where",
      header: words.columns.where,
      cell: (row) => <Chip>{words.where[row.where]}</Chip>,
      text: (row) => words.where[row.where],
    },
    {
      id: "size",
      header: words.columns.size,
      cell: (row) => (row.sizeBytes === undefined ? texts.common.unknown : bytes(row.sizeBytes)),
      text: (row) => row.sizeBytes,
    },
    {
      id: "made",
      header: words.columns.made,
      minWidth: 240,
      cell: (row) => (row.createdBy === undefined ? "–" : <Outside text={row.createdBy} most={140} code />),
      text: (row) => row.createdBy,
    },
  ];
}

function Layers({ layers }: { layers: LayerChanges }) {
  const words = texts.images.compare;
  const columns = useMemo(layerColumns, []);
  const rows = useMemo(() => layers.rows.map((row, index): LayerRow => ({ ...row, number: index })), [layers]);
  const kinds = useMemo(
    (): Kinds<LayerRow> => ({
      of: ({ where }) => where,
      words: ["both", "first", "second"].map((id) => ({ id, text: words.where[id] ?? id })),
    }),
    [words],
  );
  return (
    <LocalTable
      name="compared-layers"
      title={words.layers}
      description={layers.sameFromBelow > 0 ? words.fromBelow(count(layers.sameFromBelow)) : undefined}
      rows={rows}
      columns={columns}
      kinds={kinds}
      rowKey={({ number }) => String(number)}
      search={searchLayer}
      placeholder={words.findLayer}
      empty={words.noLayers}
    />
  );
}
