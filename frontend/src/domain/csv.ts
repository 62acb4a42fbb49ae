/** Rows as CSV (RFC 4180) that a spreadsheet can open without running anything that is in it. */

/** What a cell can be. */
export type CsvValue = string | number | boolean | null | undefined;

/** What a spreadsheet takes for the beginning of a formula, also behind spaces. */
const FORMULA = /^[\s]*[=+\-@\t\r|%]/;

/** One cell. A text that would be a formula gets an apostrophe before it, as spreadsheets themselves do; numbers stay numbers. */
export function csvCell(value: CsvValue): string {
  if (value === null || value === undefined) {
    return "";
  }
  if (typeof value !== "string") {
    return String(value);
  }
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line with its end. */
export function csvLine(cells: readonly CsvValue[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}
