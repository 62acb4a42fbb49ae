/** Parts of scores: sums that a person gets, too, and differences. */
import { expect, test } from "vitest";
import { partChanges, partGroups } from "./score";

const part = (name: string, group: string, points: number, max: number) => ({ name, group, points, max, reason: name });

test("parts stand by what they are about, and those of a later version at the end", () => {
  const groups = partGroups([
    part("fix", "readiness", 4, 4),
    part("epss", "likelihood", 0.1, 8),
    part("kev", "likelihood", 22.2, 22),
    part("of_tomorrow", "mood", 1, 2),
  ]);
  expect(groups.map(({ group, points, max }) => [group, points, max])).toEqual([
    ["likelihood", 22.3, 30],
    ["readiness", 4, 4],
    [undefined, 1, 2],
  ]);
  // A server of a former version has no groups.
  expect(partGroups([{ name: "epss", points: 1, max: 2, reason: "" }])).toHaveLength(1);
  expect(partGroups([])).toEqual([]);
});

test("what differs is told, the most first", () => {
  const before = [part("exposure", "exposure", 4, 15), part("fix", "readiness", 5, 5), part("root", "privilege", 0, 5)];
  const after = [part("exposure", "exposure", 15, 15), part("fix", "readiness", 5, 5), part("root", "privilege", 5, 5)];
  expect(partChanges(before, after).map(({ name, before, after }) => [name, before, after])).toEqual([
    ["exposure", 4, 15],
    ["root", 0, 5],
  ]);
  expect(partChanges(before, before)).toEqual([]);
});
