/** Columns of a table that is sorted in the browser. */
import { expect, test } from "vitest";
import { orderOf } from "./order";

test("numbers by size, versions by their numbers, what is missing last", () => {
  expect([10, 9, undefined, 100].sort(orderOf)).toEqual([9, 10, 100, undefined]);
  expect(["1.10", "1.9", "", "1.2"].sort(orderOf)).toEqual(["1.2", "1.9", "1.10", ""]);
  expect(orderOf(null, undefined)).toBe(0);
});
