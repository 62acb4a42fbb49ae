/** What the overview concludes: what was not read is not read, and feeds with trouble stand first. */
import { expect, test } from "vitest";
import { factorsOf, factorsOfPlace, standsOut } from "./factors";
import { feedStates, readOf } from "./overview";

test("a word of a later version is not taken for read", () => {
  const places = ["complete", "partial", "unsupported", "of_tomorrow"].map((coverage) => ({ standing: { coverage } }));
  expect(readOf(places)).toEqual({ complete: 1, partial: 1, unsupported: 2 });
});

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
    "publicAddress",
    "root",
    "socket",
  ]);
  expect(factorsOf({ known_exploited: true, exploitation: "active", automatable: "no" })).toEqual([
    "knownExploited",
    "exploits",
  ]);
  expect(standsOut("publicAddress")).toBe(true);
  expect(standsOut("root")).toBe(false);
});
