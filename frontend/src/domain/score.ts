/** The parts of a score: by what they are about, and how they differ between two scores. */

/** A part, as far as it is shown. */
export interface Part {
  group?: string;
  name: string;
  points: number;
  max: number;
  reason: string;
}

/** Parts that are about the same. */
export interface PartGroup {
  /** A word of the API; absent for parts that belong to none that is known here. */
  group: string | undefined;
  parts: readonly Part[];
  points: number;
  max: number;
}

/** The groups in the order in which they are explained. */
const ORDER = ["likelihood", "impact", "exposure", "privilege", "use", "value", "readiness"] as const;

/** Parts by group; sums are to one decimal, as points are. */
export function partGroups(parts: readonly Part[]): PartGroup[] {
  const known = ORDER.map((group) => [group, parts.filter((part) => part.group === group)] as const);
  const rest = parts.filter(({ group }) => !ORDER.some((one) => one === group));
  return [...known, [undefined, rest] as const]
    .filter(([, its]) => its.length > 0)
    .map(([group, its]) => ({
      group,
      parts: its,
      points: tenth(its.reduce((sum, { points }) => sum + points, 0)),
      max: tenth(its.reduce((sum, { max }) => sum + max, 0)),
    }));
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A part that is not the same in two scores. */
export interface PartChange {
  name: string;
  before: number;
  after: number;
  reason: string;
}

/** The parts that differ, the largest difference first. */
export function partChanges(before: readonly Part[], after: readonly Part[]): PartChange[] {
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names]
    .map((name): PartChange => {
      const one = before.find((part) => part.name === name);
      const other = after.find((part) => part.name === name);
      return {
        name,
        before: one?.points ?? 0,
        after: other?.points ?? 0,
        reason: other?.reason ?? one?.reason ?? "",
      };
    })
    .filter((change) => tenth(change.before) !== tenth(change.after))
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}
