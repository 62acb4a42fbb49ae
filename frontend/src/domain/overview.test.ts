/** What the overview concludes: feeds with trouble stand first. */
import { expect, test } from "vitest";
import { factorsOf, factorsOfPlace, marksOf, standsOut } from "./factors";
import { feedStates } from "./overview";

test("feeds that failed, are held back or are old stand first, each with its reason", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  const fresh = { rows: 1, checked_at: "2026-11-30T11:00:00Z", loaded_at: "2026-11-30T11:00:00Z" };
  const feeds = [
    { ...fresh, name: "good" },
    { ...fresh, name: "old", checked_at: "2026-11-28T11:00:00Z" },
    { ...fresh, name: "broken", last_error: "not a zip archive" },
    { ...fresh, name: "shrunk" },
  ];
  const downloads = [
    { name: "shrunk", held: ["lost a third of its rows"] },
    { name: "never", last_error: "no such host" },
  ];
  const states = feedStates(feeds, downloads, now);
  expect(states.map(({ name, trouble }) => [name, trouble])).toEqual([
    ["never", "failed"],
    ["old", "stale"],
    ["broken", "failed"],
    ["shrunk", "held"],
    ["good", undefined],
  ]);
  expect(states.find(({ name }) => name === "shrunk")?.detail).toBe("lost a third of its rows");
});

test("what is not known makes no factor, and what is reached by everybody stands out", () => {
  expect(factorsOfPlace({ exposure: "unknown", root: "unknown", privileged: "no" })).toEqual([]);
  expect(factorsOfPlace({ exposure: "public_address", root: "yes", runtime_socket: "yes" })).toEqual([
    "public_address",
    "runtime_socket",
    "root",
  ]);
  expect(factorsOf({ known_exploited: true, exploitation: "active", automatable: "no" })).toEqual([
    "known_exploited",
    "exploit_public",
  ]);
  expect(standsOut("public_address")).toBe(true);
  expect(standsOut("root")).toBe(false);
});

test("marks of the API are chips once, the gravest first, and one of a later version is left out", () => {
  expect(marksOf(["recent", "root", "of_tomorrow", "critical_severity", "known_exploited", "fix_available"])).toEqual([
    "known_exploited",
    "root",
    "recent",
  ]);
  expect(factorsOf({ known_exploited: true, factors: ["known_exploited", "remote_execution"] })).toEqual([
    "known_exploited",
    "remote_execution",
  ]);
  expect(factorsOfPlace({ host_mounts: "yes", critical_label: "env=production" })).toEqual(["critical", "root_mount"]);
});
