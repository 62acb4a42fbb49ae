/** Days made ready for a picture: what is missing is none, and the words say what the picture shows. */
import { expect, test } from "vitest";
import { coursesOf, type Day, readOf, sharesOf, someDays, totalOf, trendLines } from "./trend";

const day = (text: string, critical: number, high: number): Day => ({
  day: text,
  posture: { vulnerabilities: { critical, high }, hosts: { total: 3, highest: { high: 2 }, none: 1 } },
});
const DAYS = [day("2026-11-28", 1, 4), day("2026-11-29", 0, 5), day("2026-11-30", 0, 7)];

test("each severity that there is on some day is a line", () => {
  expect(trendLines(DAYS, "vulnerabilities")).toEqual([
    { severity: "critical", values: [1, 0, 0] },
    { severity: "high", values: [4, 5, 7] },
  ]);
  expect(trendLines(DAYS, "hosts")).toEqual([{ severity: "high", values: [2, 2, 2] }]);
  expect(trendLines(DAYS, "images")).toEqual([]);
});

test("the course goes from the first day to the last", () => {
  const courses = coursesOf(DAYS, "vulnerabilities");
  expect(courses[0]).toEqual({ severity: "all", first: 5, last: 7 });
  expect(courses[1]).toEqual({ severity: "critical", first: 1, last: 0 });
  expect(coursesOf([], "hosts")).toEqual([]);
});

test("a table of many days has the first, the last and some between", () => {
  const days = Array.from({ length: 365 }, (_, index) => index);
  const some = someDays(days, 12);
  expect(some).toHaveLength(12);
  expect(some[0]).toBe(0);
  expect(some.at(-1)).toBe(364);
  expect(someDays([1, 2], 12)).toEqual([1, 2]);
});

test("shares are of all, and of nothing they are none", () => {
  const shares = sharesOf({ highest: { critical: 1, unknown: 1 }, none: 2 });
  expect(shares.map(({ severity, count, share }) => [severity, count, share])).toEqual([
    ["critical", 1, 0.25],
    ["high", 0, 0],
    ["medium", 0, 0],
    ["low", 0, 0],
    ["unknown", 1, 0.25],
    ["none", 2, 0.5],
  ]);
  expect(sharesOf({}).every(({ share }) => share === 0)).toBe(true);
  expect(totalOf({ high: 2, unknown: 1 })).toBe(3);
  expect(readOf({ complete: 2 })).toEqual({ complete: 2, partial: 0, unsupported: 0 });
});
