/** What each layer of an image brought: packages, and the vulnerabilities in them. */
import { type ComparedLayer, compareVulnerabilities, type VulnerabilityChange } from "./compare";
import { type Instruction, instructionOf } from "./instruction";
import type { Severity } from "./severity";

/** A package, as far as it is counted. */
export interface LayerPackage {
  name: string;
  version: string;
  layer?: string | null;
}

/** A finding, as far as it is counted. */
export interface LayerFinding {
  vulnerability: string;
  package: string;
  severity: string;
  kev: boolean;
  score?: { value: number } | null;
  fixed_version?: string | null;
  kb?: string | null;
  layer?: string | null;
}

/** A layer with what it brought. */
export interface LayerOf {
  /** Its place from the lowest, from 0. */
  index: number;
  diffId: string;
  sizeBytes: number | undefined;
  step: Instruction | undefined;
  isBase: boolean | undefined;
  packages: readonly LayerPackage[];
  /** Each vulnerability once, the highest score first. */
  vulnerabilities: readonly VulnerabilityChange[];
  counts: Record<Severity, number>;
}

/** Layers that belong together: those of the base image, those of the build, or all where the base is not known. */
export interface LayerGroup {
  kind: "base" | "build" | "all";
  layers: readonly LayerOf[];
  /** Absent where the size of one is not known. */
  sizeBytes: number | undefined;
  packages: number;
  /** Each vulnerability of the group once. */
  counts: Record<Severity, number>;
  vulnerabilities: number;
}

const NONE: readonly never[] = [];

/** Puts packages and findings to the layers that brought them, in groups split at the base image's last layer. */
export function layerGroups(
  layers: readonly ComparedLayer[],
  baseLayers: number | undefined,
  packages: readonly LayerPackage[],
  findings: readonly LayerFinding[],
): LayerGroup[] {
  const packagesOf = byLayer(packages);
  const findingsOf = byLayer(findings);
  const seen = new Set<string>();
  const known = baseLayers !== undefined && baseLayers > 0;
  const rows = layers.map((layer, index): LayerOf & { findings: readonly LayerFinding[] } => {
    // The same layer once more brings nothing that is not there already.
    const isAgain = seen.has(layer.diff_id);
    seen.add(layer.diff_id);
    const its = isAgain ? NONE : (findingsOf.get(layer.diff_id) ?? NONE);
    const vulnerabilities = compareVulnerabilities(NONE, its);
    return {
      index,
      diffId: layer.diff_id,
      sizeBytes: layer.size_bytes ?? undefined,
      step: layer.created_by ? instructionOf(layer.created_by) : undefined,
      isBase: known ? index < baseLayers : undefined,
      packages: isAgain ? NONE : (packagesOf.get(layer.diff_id) ?? NONE),
      vulnerabilities,
      counts: countsOf(vulnerabilities),
      findings: its,
    };
  });
  const split = known ? baseLayers : 0;
  const parts = known
    ? ([
        ["base", rows.slice(0, split)],
        ["build", rows.slice(split)],
      ] as const)
    : ([["all", rows]] as const);
  return parts
    .filter(([, its]) => its.length > 0)
    .map(([kind, its]): LayerGroup => {
      const all = compareVulnerabilities(
        NONE,
        its.flatMap((row) => row.findings),
      );
      const sizes = its.flatMap(({ sizeBytes }) => sizeBytes ?? NONE);
      return {
        kind,
        layers: its,
        sizeBytes: sizes.length === its.length ? sizes.reduce((sum, size) => sum + size, 0) : undefined,
        packages: its.reduce((sum, row) => sum + row.packages.length, 0),
        counts: countsOf(all),
        vulnerabilities: all.length,
      };
    });
}

function byLayer<T extends { layer?: string | null }>(all: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const layer = one.layer ?? "";
    const its = found.get(layer);
    if (its === undefined) {
      found.set(layer, [one]);
    } else {
      its.push(one);
    }
  }
  return found;
}

function countsOf(vulnerabilities: readonly VulnerabilityChange[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, unknown: 0 };
  for (const { severity } of vulnerabilities) {
    counts[severity] += 1;
  }
  return counts;
}
