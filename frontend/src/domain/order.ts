/** The order of a column's values: numbers by their size, texts as people order them, what is missing last. */
import type { CsvValue } from "./csv";

const texts = new Intl.Collator("en", { numeric: true });

/** Below zero where the first comes before the second. */
export function orderOf(a: CsvValue, b: CsvValue): number {
  if (isMissing(a) || isMissing(b)) {
    return Number(isMissing(a)) - Number(isMissing(b));
  }
  if (typeof a === "number" && typeof b === "number") {
    return a - b;
  }
  return texts.compare(String(a), String(b));
}

function isMissing(value: CsvValue): boolean {
  return value === null || value === undefined || value === "";
}
