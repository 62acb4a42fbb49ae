/** Two images beside each other: nothing is lost, nothing is counted twice, and what is in both is the same. */
import { expect, test } from "vitest";
import { bySeverity, compareLayers, comparePackages, compareVulnerabilities, counted } from "./compare";

const deb = (name: string, version: string) => ({ kind: "deb", name, version });

test("a package is added, removed, changed or the same", () => {
  const changes = comparePackages(
    [deb("bash", "5.2"), deb("curl", "7.88"), deb("zlib", "1.2")],
    [deb("bash", "5.2"), deb("curl", "8.0"), deb("xz", "5.4")],
  );
  expect(changes.map(({ name, became, before, after }) => [name, became, before, after])).toEqual([
    ["curl", "changed", ["7.88"], ["8.0"]],
    ["xz", "added", [], ["5.4"]],
    ["zlib", "removed", ["1.2"], []],
    ["bash", "same", ["5.2"], ["5.2"]],
  ]);
  expect(counted(changes).get("changed")).toBe(1);
});

test("several versions of a package are one change, and paths do not matter", () => {
  const npm = (version: string) => ({ kind: "npm", name: "ms", version });
  const [change] = comparePackages([npm("2.1.3"), npm("2.0.0"), npm("2.0.0")], [npm("2.1.3")]);
  expect(change).toEqual({ kind: "npm", name: "ms", became: "changed", before: ["2.0.0", "2.1.3"], after: ["2.1.3"] });
  expect(comparePackages([npm("2.1.3"), npm("2.1.3")], [npm("2.1.3")])[0]?.became).toBe("same");
});

test("packages of one name and two kinds are two", () => {
  const changes = comparePackages([deb("requests", "2")], [{ kind: "pypi", name: "requests", version: "2" }]);
  expect(changes.map(({ kind, became }) => [kind, became])).toEqual([
    ["pypi", "added"],
    ["deb", "removed"],
  ]);
});

const finding = (vulnerability: string, severity: string, value: number, more = {}) => ({
  vulnerability,
  package: "openssl",
  severity,
  kev: false,
  score: { value },
  ...more,
});

test("a vulnerability is new, fixed or in both, once however many packages have it", () => {
  const changes = compareVulnerabilities(
    [finding("CVE-1", "high", 50), finding("CVE-1", "high", 50, { package: "libssl3" }), finding("CVE-2", "low", 10)],
    [finding("CVE-2", "low", 12), finding("CVE-3", "critical", 90, { kev: true, kb: "KB1" })],
  );
  expect(changes.map(({ id, became, score }) => [id, became, score])).toEqual([
    ["CVE-3", "new", 90],
    ["CVE-1", "fixed", 50],
    ["CVE-2", "same", 12],
  ]);
  expect(changes[0]).toMatchObject({ isExploited: true, fix: "KB1", severity: "critical" });
  expect(changes[1]?.packages).toEqual(["libssl3", "openssl"]);
  expect(bySeverity(changes, "fixed")).toEqual({ critical: 0, high: 1, medium: 0, low: 0, unknown: 0 });
});

test("a severity of a later version and a missing score are what is not known", () => {
  const [one] = compareVulnerabilities([], [finding("CVE-9", "catastrophic", 0, { score: null })]);
  expect(one).toMatchObject({ severity: "unknown", score: undefined, became: "new" });
});

test("layers that both have are told from those that one has, also where one is in an image twice", () => {
  const layer = (diff_id: string, size_bytes: number | null = 10) => ({ diff_id, size_bytes });
  const found = compareLayers(
    [layer("base"), layer("empty"), layer("empty"), layer("app-1")],
    [layer("base"), layer("empty"), layer("app-2"), layer("app-3")],
  );
  expect(found.rows.map(({ diffId, where }) => `${diffId} ${where}`)).toEqual([
    "base both",
    "empty both",
    "empty first",
    "app-1 first",
    "app-2 second",
    "app-3 second",
  ]);
  expect(found).toMatchObject({ sameFromBelow: 2, shared: 2, onlyFirst: 2, onlySecond: 2, sharedBytes: 20 });
  // A size that is not known makes no sum.
  expect(compareLayers([layer("a", null)], [layer("a", null)]).sharedBytes).toBeUndefined();
  expect(compareLayers([], []).sharedBytes).toBe(0);
});

test("of an image with itself nothing changed", () => {
  const packages = [deb("bash", "5.2"), deb("curl", "8.0")];
  expect(comparePackages(packages, packages).every(({ became }) => became === "same")).toBe(true);
  const findings = [finding("CVE-1", "high", 50)];
  expect(compareVulnerabilities(findings, findings).map(({ became }) => became)).toEqual(["same"]);
});
