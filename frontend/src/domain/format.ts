/** Numbers, sizes and moments as people of a language read them. */

/** The language that texts and numbers are in. */
let language = "en";

/** Chooses the language of numbers and moments, a BCP 47 tag. */
export function setFormatLanguage(tag: string): void {
  language = tag;
}

const formats = new Map<string, Intl.NumberFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options);
  const kept = formats.get(key);
  if (kept !== undefined) {
    return kept;
  }
  const made = new Intl.NumberFormat(language, options);
  formats.set(key, made);
  return made;
}

/** `12,345`. */
export function count(value: number): string {
  return numbers({ maximumFractionDigits: 0 }).format(value);
}

/** A score of 0 to 100 with its one decimal. */
export function score(value: number): string {
  return numbers({ minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}

/** A share of 0 to 1 as a percentage. Small ones keep two digits that say something, and never become a zero that they are not. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0001) {
    return `<${numbers({ style: "percent", maximumFractionDigits: 2 }).format(0.0001)}`;
  }
  const digits = share < 0.01 ? 2 : share < 0.1 ? 1 : 0;
  return numbers({ style: "percent", maximumFractionDigits: digits }).format(share);
}

/** `12.3 MB`, in powers of 1,000. */
export function bytes(size: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return numbers({
    style: "unit",
    unit: units[unit] ?? "byte",
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  }).format(value);
}

/** A moment in the reader's time zone, to the minute. What is none is shown as it came. */
export function moment(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    return text;
  }
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** A day of the calendar, `2026-11-30`, in words: `Nov 30`, with its year where it is not this one's. */
export function day(text: string): string {
  const date = new Date(`${text}T12:00:00Z`);
  if (Number.isNaN(date.getTime())) {
    return text;
  }
  const isThisYear = date.getUTCFullYear() === new Date().getUTCFullYear();
  return new Intl.DateTimeFormat(language, {
    month: "short",
    day: "numeric",
    timeZone: "UTC",
    ...(isThisYear ? {} : { year: "numeric" }),
  }).format(date);
}

/** The same to the second with its zone, for whoever compares it with a log. */
export function exactMoment(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    return text;
  }
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(date);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** How long ago, or in how long: `3 hours ago`, `now`. */
export function ago(text: string, now: number): string {
  const date = new Date(text).getTime();
  if (Number.isNaN(date)) {
    return text;
  }
  const seconds = (date - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) {
      return relative.format(Math.trunc(seconds / length), unit);
    }
  }
  return relative.format(0, "second");
}

/** Which form of a word goes with a number, of those that English has. Another language brings its own. */
export function plural(value: number, one: string, other: string): string {
  return new Intl.PluralRules("en").select(value) === "one" ? one : other;
}
