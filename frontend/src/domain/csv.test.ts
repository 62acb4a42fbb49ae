/** A spreadsheet opens what is exported as a table, and runs nothing of it. */
import { expect, test } from "vitest";
import { csvCell, csvLine } from "./csv";

test("what would be a formula is a text", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", '=HYPERLINK("http://evil")']) {
    const cell = csvCell(text);
    expect(cell.replace(/^"/, "")).toMatch(/^'/);
  }
  expect(csvCell(-1.5)).toBe("-1.5");
});

test("separators, quotes and lines stay within a cell", () => {
  expect(csvLine(["a,b", 'say "hi"', "two\nlines", null, undefined, true])).toBe(
    '"a,b","say ""hi""","two\nlines",,,true\r\n',
  );
});
