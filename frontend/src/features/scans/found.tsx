/** What a scan found, what to install against it, and what does not count. */
import { useMemo } from "react";
import type { Schema } from "../../api/types";
import type { Column } from "../../components/list/columns";
import { type Kinds, LocalTable } from "../../components/list/LocalTable";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Fix } from "../../components/place/Fix";
import { Chip, ScoreBar, SeverityBadge } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";

type Finding = Schema<"Finding">;

const WORDS = texts.scans;

/** A row with its place in the report: two may say the same. */
interface Row<T> {
  number: number;
  of: T;
}

function numbered<T>(all: readonly T[]): Row<T>[] {
  return all.map((of, number) => ({ number, of }));
}

/** The columns of a finding, wherever in a row it is. */
function findingColumns<R>(of: (row: R) => Finding): Column<R>[] {
  const words = texts.places.findings.columns;
  return [
    {
      id: "vulnerability",
      header: words.vulnerability,
      isName: true,
      minWidth: 150,
      cell: (row) => (
        <span className="chips">
          <To href={`/vulnerabilities/${encodeURIComponent(of(row).vulnerability)}`}>
            <Outside text={of(row).vulnerability} most={60} />
          </To>
          {of(row).kev && <Chip tone="bad">{texts.common.chips.knownExploited}</Chip>}
        </span>
      ),
      text: (row) => of(row).vulnerability,
    },
    {
      id: "score",
      header: words.score,
      cell: (row) => <ScoreBar score={of(row).score?.value} />,
      text: (row) => of(row).score?.value,
    },
    {
      id: "severity",
      header: words.severity,
      cell: (row) => <SeverityBadge severity={of(row).severity} />,
      text: (row) => of(row).severity,
    },
    {
      id: "package",
      header: words.package,
      minWidth: 140,
      cell: (row) => <Outside text={of(row).package} most={60} />,
      text: (row) => of(row).package,
    },
    {
      id: "installed",
      header: words.installed,
      cell: (row) => <Outside text={of(row).installed_version} most={40} code />,
      text: (row) => of(row).installed_version,
    },
    {
      id: "fix",
      header: words.fix,
      minWidth: 180,
      cell: (row) => <Fix finding={of(row)} />,
      text: (row) => of(row).kb ?? of(row).fixed_version,
    },
  ];
}

const searchOf = (finding: Finding): string => `${finding.vulnerability} ${finding.package}`;
const numberOf = ({ number }: { number: number }): string => String(number);
const isFixable = ({ kb, fixed_version: version }: Finding): boolean => Boolean(kb || version);

export function Found({ findings }: { findings: readonly Finding[] }) {
  const rows = useMemo(() => numbered(findings), [findings]);
  const columns = useMemo(() => findingColumns<Row<Finding>>(({ of }) => of), []);
  const kinds = useMemo(
    (): Kinds<Row<Finding>> => ({
      of: ({ of }) => (isFixable(of) ? "fixable" : "open"),
      words: [
        { id: "fixable", text: WORDS.fixable },
        { id: "open", text: WORDS.open },
      ],
    }),
    [],
  );
  return (
    <LocalTable
      name="scan-findings"
      title={WORDS.findings}
      rows={rows}
      columns={columns}
      kinds={kinds}
      rowKey={numberOf}
      search={({ of }) => searchOf(of)}
      placeholder={WORDS.findFinding}
      empty={WORDS.noFindings}
    />
  );
}

type Remedy = Schema<"Remedy">;

export function Remedies({ remedies }: { remedies: readonly Remedy[] }) {
  const rows = useMemo(() => numbered(remedies), [remedies]);
  const columns = useMemo(
    (): Column<Row<Remedy>>[] => [
      {
        id: "action",
        header: WORDS.remedy.action,
        isName: true,
        minWidth: 240,
        cell: ({ of }) => <Outside text={of.action} most={200} />,
        text: ({ of }) => of.action,
      },
      {
        id: "score",
        header: WORDS.remedy.score,
        cell: ({ of }) => <ScoreBar score={of.top_score} />,
        text: ({ of }) => of.top_score,
      },
      {
        id: "vulnerabilities",
        header: WORDS.remedy.vulnerabilities,
        cell: ({ of }) => count(of.vulnerabilities),
        text: ({ of }) => of.vulnerabilities,
      },
      {
        id: "exploited",
        header: WORDS.exploited,
        cell: ({ of }) => count(of.known_exploited),
        text: ({ of }) => of.known_exploited,
      },
    ],
    [],
  );
  return (
    <LocalTable
      name="scan-remedies"
      title={WORDS.tabs.remedies}
      rows={rows}
      columns={columns}
      rowKey={numberOf}
      search={({ of }) => of.action}
      placeholder={WORDS.findRemedy}
      empty={WORDS.noRemedies}
    />
  );
}

type Suppressed = Schema<"SuppressedFinding">;

export function LeftOut({ suppressed }: { suppressed: readonly Suppressed[] }) {
  const rows = useMemo(() => numbered(suppressed), [suppressed]);
  const columns = useMemo(
    (): Column<Row<Suppressed>>[] => [
      ...findingColumns<Row<Suppressed>>(({ of }) => of.finding),
      {
        id: "reason",
        header: WORDS.leftOut.reason,
        minWidth: 200,
        cell: ({ of }) => <Outside text={of.by.reason} most={200} />,
        text: ({ of }) => of.by.reason,
      },
      {
        id: "source",
        header: WORDS.leftOut.source,
        cell: ({ of }) => (
          <span>
            {WORDS.leftOut.kinds[of.by.kind] ?? of.by.kind} <Outside text={of.by.source} most={80} />
          </span>
        ),
        text: ({ of }) => of.by.source,
      },
      {
        id: "until",
        header: WORDS.leftOut.until,
        cell: ({ of }) =>
          of.by.until_fixable ? WORDS.leftOut.untilFixable : <Moment at={of.by.expires_at} otherwise="–" plain />,
        text: ({ of }) => of.by.expires_at,
      },
    ],
    [],
  );
  return (
    <LocalTable
      name="scan-left-out"
      title={WORDS.suppressed}
      description={WORDS.leftOut.hint}
      rows={rows}
      columns={columns}
      rowKey={numberOf}
      search={({ of }) => `${searchOf(of.finding)} ${of.by.reason}`}
      placeholder={WORDS.findFinding}
      empty={WORDS.noneLeftOut}
    />
  );
}
