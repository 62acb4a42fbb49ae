/** Layers and what they brought: split at the base, each thing once. */
import { expect, test } from "vitest";
import { layerGroups } from "./layers";

const layer = (diff_id: string, created_by?: string) => ({ diff_id, size_bytes: 5, created_by: created_by ?? null });
const finding = (vulnerability: string, of: string, severity = "high", value = 10) => ({
  vulnerability,
  package: "p",
  severity,
  kev: false,
  score: { value },
  layer: of,
});

test("packages and vulnerabilities stand at the layer that brought them, and groups count each once", () => {
  const [base, build] = layerGroups(
    [layer("a", "/bin/sh -c #(nop) ADD file:1 in /"), layer("b", "RUN /bin/sh -c make # buildkit"), layer("c")],
    1,
    [
      { name: "bash", version: "5", layer: "a" },
      { name: "app", version: "1", layer: "b" },
      { name: "lib", version: "1", layer: "c" },
    ],
    [finding("CVE-1", "a"), finding("CVE-2", "b", "critical", 80), finding("CVE-2", "c", "critical", 80)],
  );
  expect(base).toMatchObject({ kind: "base", packages: 1, vulnerabilities: 1, sizeBytes: 5 });
  expect(build).toMatchObject({ kind: "build", packages: 2, vulnerabilities: 1, sizeBytes: 10 });
  expect(build?.counts.critical).toBe(1);
  expect(build?.layers.map(({ index, step }) => [index, step?.word])).toEqual([
    [1, "RUN"],
    [2, undefined],
  ]);
});

test("a layer that is there twice brings what it brings once, and a base that is not known splits nothing", () => {
  const groups = layerGroups([layer("a"), layer("a")], undefined, [{ name: "x", version: "1", layer: "a" }], []);
  expect(groups).toHaveLength(1);
  expect(groups[0]).toMatchObject({ kind: "all", packages: 1 });
  expect(groups[0]?.layers.map(({ packages }) => packages.length)).toEqual([1, 0]);
  expect(layerGroups([], 3, [], [])).toEqual([]);
  // An image that is nothing but its base.
  expect(layerGroups([layer("a")], 1, [], []).map(({ kind }) => kind)).toEqual(["base"]);
});
