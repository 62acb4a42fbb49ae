/** Ids as people type them, problems as pages meet them, places, lines, permissions, numbers. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { typedCve } from "./cve";
import { ago, bytes, percent } from "./format";
import { brokenOff, Lines } from "./lines";
import { may, PERMISSIONS } from "./permissions";
import { placeAddress } from "./place";
import { courseOf, namedPermission, passes } from "./problem";
import { scoreBand, severityOf } from "./severity";

test("a CVE is known however it is typed", () => {
  for (const text of [
    "CVE-2024-38063",
    "cve-2024-38063",
    " cve 2024 38063 ",
    "are we hit by CVE–2024–38063?",
    "cve_2024_38063",
  ]) {
    expect(typedCve(text)).toBe("CVE-2024-38063");
  }
  for (const text of ["2024-38063", "cve-24-38063", "cve-2024-12", "nginx"]) {
    expect(typedCve(text)).toBeUndefined();
  }
});

test("a problem says how to go on, also one of a later version", () => {
  expect(courseOf({ type: "/problems/unauthenticated", status: 401 })).toBe("sign-in");
  expect(courseOf({ type: "/problems/bad-credentials", status: 401 })).toBe("mend");
  expect(courseOf({ type: "/problems/precondition-failed", status: 412 })).toBe("changed-meanwhile");
  expect(courseOf({ type: "/problems/in-use", status: 409 })).toBe("mend");
  expect(courseOf({ type: "/problems/of-tomorrow", status: 429 })).toBe("wait");
  expect(courseOf({ type: "about:blank", status: 502 })).toBe("again");
  expect(courseOf({ type: "/problems/internal", status: 500 })).toBe("report");
});

test("only what passes by itself is sent again, and no password is", () => {
  expect(passes({ type: "/problems/too-many-requests", status: 429 })).toBe(true);
  expect(passes({ type: "/problems/unavailable", status: 503 })).toBe(true);
  expect(passes({ type: "/problems/too-many-attempts", status: 429 })).toBe(false);
  expect(passes({ type: "/problems/forbidden", status: 403 })).toBe(false);
});

test("a refusal names its permission", () => {
  expect(namedPermission("This takes the permission `hosts.read`.")).toBe("hosts.read");
  expect(namedPermission("Only a person may do this.")).toBeUndefined();
});

test("the permissions are those of the server", () => {
  const matrix = readFileSync("../schemas/permissions.md", "utf8");
  const words = [...matrix.matchAll(/^\| `([a-z_.]+)` \|/gm)].map((found) => found[1]);
  expect([...PERMISSIONS]).toEqual(words);
  expect(may([{ permission: "hosts.read" }], "hosts.read")).toBe(true);
  expect(may([{ permission: "hosts.read" }], "audit.read")).toBe(false);
});

test("lines are put together from pieces that end anywhere", () => {
  const lines = new Lines();
  expect(lines.take('{"a":1}\n{"b"')).toEqual(['{"a":1}']);
  expect(lines.take(':2}\n\n{"c":3}')).toEqual(['{"b":2}']);
  expect(lines.end()).toBe('{"c":3}');
});

test("the line that ends a list early is no row", () => {
  expect(brokenOff({ next_cursor: "abc" })).toEqual({ cursor: "abc", detail: undefined });
  expect(brokenOff({ next_cursor: null, problem: { detail: "gone" } })).toEqual({ cursor: undefined, detail: "gone" });
  expect(brokenOff({ id: "x", next_cursor: "abc" })).toBeUndefined();
  expect(brokenOff({ id: "x" })).toBeUndefined();
});

test("places lead to their pages", () => {
  expect(placeAddress("host/h-1")).toBe("/hosts/h-1");
  expect(placeAddress("image/sha256:ab")).toBe("/images/sha256%3Aab");
  expect(placeAddress("cluster/x")).toBe("/");
});

test("small shares are no zeros", () => {
  expect(percent(0.97)).toBe("97%");
  expect(percent(0.043)).toBe("4.3%");
  expect(percent(0.0005)).toBe("0.05%");
  expect(percent(0.00001)).toBe("<0.01%");
  expect(percent(0)).toBe("0%");
});

test("moments and sizes are as people say them", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  expect(ago("2026-11-30T09:00:00Z", now)).toBe("3 hours ago");
  expect(ago("2026-11-30T11:59:45Z", now)).toBe("now");
  expect(ago("2026-12-02T12:00:00Z", now)).toBe("in 2 days");
  expect(ago("no moment", now)).toBe("no moment");
  expect(bytes(12_300_000)).toBe("12 MB");
  expect(bytes(999)).toBe("999 bytes");
});

test("severities of a later version are not rated, and never low", () => {
  expect(severityOf("critical")).toBe("critical");
  expect(severityOf("apocalyptic")).toBe("unknown");
  expect(scoreBand(80)).toBe("critical");
  expect(scoreBand(0)).toBe("low");
});
