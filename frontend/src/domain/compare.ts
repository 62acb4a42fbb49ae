/** Two images beside each other: what became of the packages, the vulnerabilities and the layers from the one to the other. */
import { SEVERITIES, type Severity, severityOf } from "./severity";

/** A package, as far as it is compared. */
export interface ComparedPackage {
  kind: string;
  name: string;
  version: string;
}

/** A finding, as far as it is compared. */
export interface ComparedFinding {
  vulnerability: string;
  package: string;
  severity: string;
  kev: boolean;
  score?: { value: number } | null;
  fixed_version?: string | null;
  kb?: string | null;
  in_base_image?: boolean | null;
}

/** A layer, as far as it is compared. */
export interface ComparedLayer {
  diff_id: string;
  size_bytes?: number | null;
  created_by?: string | null;
}

/** What became of something. */
export type Became = "removed" | "added" | "changed" | "same";

/** What became of a package. Several versions of one may be installed. */
export interface PackageChange {
  kind: string;
  name: string;
  became: Became;
  /** Versions of the first image, in the order of their letters. */
  before: readonly string[];
  after: readonly string[];
}

/** What became of a vulnerability. */
export interface VulnerabilityChange {
  id: string;
  became: "fixed" | "new" | "same";
  severity: Severity;
  isExploited: boolean;
  /** The highest score in the image that has it, the later one of both; absent where nothing was scored. */
  score: number | undefined;
  packages: readonly string[];
  /** What fixes it there, where something does. */
  fix: string | undefined;
}

/** Where a layer is. */
export interface LayerChange {
  diffId: string;
  where: "both" | "first" | "second";
  sizeBytes: number | undefined;
  createdBy: string | undefined;
}

/** What became of layers. */
export interface LayerChanges {
  rows: readonly LayerChange[];
  /** How many layers from the lowest up are the same in both. */
  sameFromBelow: number;
  shared: number;
  onlyFirst: number;
  onlySecond: number;
  /** Bytes of the shared ones; absent where the size of one is not known. */
  sharedBytes: number | undefined;
}

/** Words in an order that is the same everywhere. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function grouped<T>(all: readonly T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const name = key(one);
    const group = groups.get(name);
    if (group === undefined) {
      groups.set(name, [one]);
    } else {
      group.push(one);
    }
  }
  return groups;
}

/** Packages of both: what changed first, each group by name. One is changed where it is in both and the versions are not the same ones. */
export function comparePackages(
  first: readonly ComparedPackage[],
  second: readonly ComparedPackage[],
): readonly PackageChange[] {
  const key = ({ kind, name }: ComparedPackage): string => `${kind}\n${name}`;
  const befores = grouped(first, key);
  const afters = grouped(second, key);
  const changes: PackageChange[] = [];
  for (const name of new Set([...befores.keys(), ...afters.keys()])) {
    const one = befores.get(name)?.[0] ?? afters.get(name)?.[0];
    if (one === undefined) {
      continue;
    }
    const before = versionsOf(befores.get(name));
    const after = versionsOf(afters.get(name));
    changes.push({ kind: one.kind, name: one.name, became: becameOf(before, after), before, after });
  }
  const order = { changed: 0, added: 1, removed: 2, same: 3 };
  return changes.sort((a, b) => order[a.became] - order[b.became] || byText(a.name, b.name) || byText(a.kind, b.kind));
}

/** The versions, each once: a package that lies in two paths is one. */
function versionsOf(packages: readonly ComparedPackage[] | undefined): string[] {
  return [...new Set((packages ?? []).map(({ version }) => version))].sort(byText);
}

function becameOf(before: readonly string[], after: readonly string[]): Became {
  if (before.length === 0) {
    return "added";
  }
  if (after.length === 0) {
    return "removed";
  }
  const isSame = before.length === after.length && before.every((version, index) => version === after[index]);
  return isSame ? "same" : "changed";
}

/** Vulnerabilities of both, the new ones first and each group worst first. */
export function compareVulnerabilities(
  first: readonly ComparedFinding[],
  second: readonly ComparedFinding[],
): readonly VulnerabilityChange[] {
  const key = ({ vulnerability }: ComparedFinding): string => vulnerability;
  const befores = grouped(first, key);
  const afters = grouped(second, key);
  const changes: VulnerabilityChange[] = [];
  for (const [id, findings] of befores) {
    const later = afters.get(id);
    changes.push(changeOf(id, later === undefined ? "fixed" : "same", later ?? findings));
  }
  for (const [id, findings] of afters) {
    if (!befores.has(id)) {
      changes.push(changeOf(id, "new", findings));
    }
  }
  const order = { new: 0, fixed: 1, same: 2 };
  return changes.sort(
    (a, b) =>
      order[a.became] - order[b.became] ||
      (b.score ?? -1) - (a.score ?? -1) ||
      rank(a.severity) - rank(b.severity) ||
      byText(a.id, b.id),
  );
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

function changeOf(
  id: string,
  became: VulnerabilityChange["became"],
  findings: readonly ComparedFinding[],
): VulnerabilityChange {
  let severity: Severity = "unknown";
  let score: number | undefined;
  for (const finding of findings) {
    const one = severityOf(finding.severity);
    severity = rank(one) < rank(severity) ? one : severity;
    const value = finding.score?.value;
    score = value === undefined ? score : Math.max(score ?? 0, value);
  }
  const fixes = findings.flatMap((finding) => finding.kb ?? finding.fixed_version ?? []);
  return {
    id,
    became,
    severity,
    isExploited: findings.some(({ kev }) => kev),
    score,
    packages: [...new Set(findings.map((finding) => finding.package))].sort(byText),
    fix: fixes[0],
  };
}

/** How many became what, of what was compared. */
export function counted<T extends { became: string }>(changes: readonly T[]): ReadonlyMap<T["became"], number> {
  const counts = new Map<T["became"], number>();
  for (const { became } of changes) {
    counts.set(became, (counts.get(became) ?? 0) + 1);
  }
  return counts;
}

/** How many of each severity became something. */
export function bySeverity(
  changes: readonly VulnerabilityChange[],
  became: VulnerabilityChange["became"],
): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, unknown: 0 };
  for (const change of changes) {
    if (change.became === became) {
      counts[change.severity] += 1;
    }
  }
  return counts;
}

/** Layers of both: those of the first from below, then those that only the second has. A layer may be in an image twice. */
export function compareLayers(first: readonly ComparedLayer[], second: readonly ComparedLayer[]): LayerChanges {
  let sameFromBelow = 0;
  while (
    sameFromBelow < Math.min(first.length, second.length) &&
    first[sameFromBelow]?.diff_id === second[sameFromBelow]?.diff_id
  ) {
    sameFromBelow += 1;
  }
  // How many of the second's are left to be met by one of the first's.
  const left = new Map<string, number>();
  for (const { diff_id } of second) {
    left.set(diff_id, (left.get(diff_id) ?? 0) + 1);
  }
  const rows: LayerChange[] = [];
  const take = (layer: ComparedLayer, where: LayerChange["where"]): void => {
    rows.push({
      diffId: layer.diff_id,
      where,
      sizeBytes: layer.size_bytes ?? undefined,
      createdBy: layer.created_by ?? undefined,
    });
  };
  for (const layer of first) {
    const there = left.get(layer.diff_id) ?? 0;
    if (there > 0) {
      left.set(layer.diff_id, there - 1);
    }
    take(layer, there > 0 ? "both" : "first");
  }
  // Met ones are the lowest of their digest, as they were in the first.
  const met = new Map<string, number>();
  for (const { where, diffId } of rows) {
    if (where === "both") {
      met.set(diffId, (met.get(diffId) ?? 0) + 1);
    }
  }
  for (const layer of second) {
    const again = met.get(layer.diff_id) ?? 0;
    if (again > 0) {
      met.set(layer.diff_id, again - 1);
    } else {
      take(layer, "second");
    }
  }
  const both = rows.filter(({ where }) => where === "both");
  const sizes = both.map(({ sizeBytes }) => sizeBytes);
  const known = sizes.flatMap((size) => size ?? []);
  return {
    rows,
    sameFromBelow,
    shared: both.length,
    onlyFirst: rows.filter(({ where }) => where === "first").length,
    onlySecond: rows.filter(({ where }) => where === "second").length,
    sharedBytes: known.length === sizes.length ? known.reduce((sum, size) => sum + size, 0) : undefined,
  };
}
