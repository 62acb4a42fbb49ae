/** What is sent of a form, and what is not sent. */
import { expect, test } from "vitest";
import { type ExceptionForm, exceptionOf, withoutVersion } from "./exception";

const FORM: ExceptionForm = {
  vulnerability: " CVE-2024-1 ",
  package: "",
  where: "place",
  place: "host/h-1",
  collection: "",
  status: "accepted_risk",
  justification: "component_not_present",
  reason: " the network does not reach it ",
  days: "30",
};
const NOW = Date.parse("2026-11-30T00:00:00Z");

test("a form says what it says, and a justification only where it means something", () => {
  expect(exceptionOf(FORM, NOW)).toEqual({
    vulnerability: "CVE-2024-1",
    scope: { kind: "place", place: "host/h-1" },
    status: "accepted_risk",
    reason: "the network does not reach it",
    expires_at: "2026-12-29T23:59:00.000Z",
  });
  const other = exceptionOf({ ...FORM, status: "not_affected", where: "estate", days: "", package: "pkg:deb/x" }, NOW);
  expect(other).toEqual({
    vulnerability: "CVE-2024-1",
    package: "pkg:deb/x",
    scope: { kind: "estate" },
    status: "not_affected",
    justification: "component_not_present",
    reason: "the network does not reach it",
  });
});

test("what is missing or too much is not sent", () => {
  for (const wrong of [
    { reason: " " },
    { reason: "x".repeat(2001) },
    { vulnerability: "" },
    { place: "" },
    { where: "collection" as const },
    { days: "0" },
    { days: "367" },
    { days: "1.5" },
    { days: "-1" },
  ]) {
    expect(exceptionOf({ ...FORM, ...wrong }, NOW), JSON.stringify(wrong).slice(0, 60)).toBeUndefined();
  }
});

test("a package without its version stands for all of them", () => {
  expect(withoutVersion("pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12")).toBe("pkg:deb/debian/openssl");
  expect(withoutVersion("pkg:npm/%40scope/name@1.0.0")).toBe("pkg:npm/%40scope/name");
  expect(withoutVersion("pkg:npm/@scope/name")).toBe("pkg:npm/@scope/name");
  expect(withoutVersion("pkg:golang/x@v1#sub@2")).toBe("pkg:golang/x");
});
