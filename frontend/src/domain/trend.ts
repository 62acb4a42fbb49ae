/** How the estate stood day by day, made ready for a picture and for the words beside it. */
import { SEVERITIES, type Severity } from "./severity";

/** Counts by severity, as the API has them: what is missing is none. */
export type Counts = Readonly<Partial<Record<Severity, number>>>;

/** Hosts, or images, counted once each. */
export interface Resources {
  total?: number;
  highest?: Counts;
  none?: number;
  complete?: number;
  partial?: number;
  unsupported?: number;
}

/** A day, as far as it is drawn. */
export interface Day {
  day: string;
  posture: { vulnerabilities?: Counts; hosts?: Resources; images?: Resources };
}

/** What a trend can be of. */
export const TRENDS = ["vulnerabilities", "hosts", "images"] as const;

/** One of them. */
export type TrendOf = (typeof TRENDS)[number];

/** The counts of a day. */
export function countsOn({ posture }: Day, of: TrendOf): Counts {
  return (of === "vulnerabilities" ? posture.vulnerabilities : posture[of]?.highest) ?? {};
}

/** All severities together. */
export function totalOf(counts: Counts): number {
  return SEVERITIES.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
}

/** A line for each severity that there is on some day, worst first. */
export function trendLines(days: readonly Day[], of: TrendOf): { severity: Severity; values: number[] }[] {
  return SEVERITIES.map((severity) => ({
    severity,
    values: days.map((day) => countsOn(day, of)[severity] ?? 0),
  })).filter(({ values }) => values.some((value) => value > 0));
}

/** How a number went from the first day to the last. */
export interface Course {
  severity: Severity | "all";
  first: number;
  last: number;
}

/** How each severity, and all of them, went. Nothing where there is no day. */
export function coursesOf(days: readonly Day[], of: TrendOf): Course[] {
  const first = days[0];
  const last = days.at(-1);
  if (first === undefined || last === undefined) {
    return [];
  }
  const [then, now] = [countsOn(first, of), countsOn(last, of)];
  const all: Course = { severity: "all", first: totalOf(then), last: totalOf(now) };
  return [all, ...SEVERITIES.map((severity) => ({ severity, first: then[severity] ?? 0, last: now[severity] ?? 0 }))];
}

/** At most so many days, evenly taken, the first and the last among them: for a table that somebody can read. */
export function someDays<T>(days: readonly T[], most: number): T[] {
  if (days.length <= most) {
    return [...days];
  }
  const step = (days.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => days[Math.round(index * step)]).flatMap((day) => day ?? []);
}

/** Resources by their highest severity, and those in which nothing was found, with what share of all they are. */
export function sharesOf(resources: Resources): { severity: Severity | "none"; count: number; share: number }[] {
  const counts = [
    ...SEVERITIES.map((severity) => ({ severity, count: resources.highest?.[severity] ?? 0 })),
    { severity: "none" as const, count: resources.none ?? 0 },
  ];
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  return counts.map((one) => ({ ...one, share: all === 0 ? 0 : one.count / all }));
}

/** How far resources were read, of those that were looked at lately; those that were not heard of are stale whatever was read. */
export interface Read {
  complete: number;
  partial: number;
  unsupported: number;
}

/** Takes the counts out of what the API has. */
export function readOf(resources: Resources): Read {
  return {
    complete: resources.complete ?? 0,
    partial: resources.partial ?? 0,
    unsupported: resources.unsupported ?? 0,
  };
}
