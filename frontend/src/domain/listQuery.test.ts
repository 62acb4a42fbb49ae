/** What stands in an address is what is asked of the API, and nothing else that somebody wrote into it. */
import { expect, test } from "vitest";
import { type ListFilter, listQueryOf, queryOf, tokensOf, withListQuery } from "./listQuery";

const FILTERS: ListFilter[] = [
  {
    key: "severity",
    label: "Severity",
    kind: "words",
    several: true,
    words: [
      { word: "critical", label: "Critical" },
      { word: "high", label: "High" },
    ],
  },
  { key: "known_exploited", label: "Exploited", kind: "yesno" },
  { key: "os", label: "OS", kind: "text" },
  { key: "since", label: "Since", kind: "moment" },
];
const of = (text: string) => listQueryOf(new URLSearchParams(text), FILTERS, ["score", "epss"]);

test("an address is read as the API's own parameters", () => {
  expect(of("severity=critical,high&known_exploited=true&os=deb&search=CVE-2024&sort=epss")).toEqual({
    severity: "critical,high",
    known_exploited: "true",
    os: "deb",
    search: "CVE-2024",
    sort: "epss",
  });
});

test("what a list does not know is left out", () => {
  expect(of("severity=bogus,high&known_exploited=maybe&sort=drop&limit=9999&cursor=x&other=1")).toEqual({
    severity: "high",
  });
  expect(of("search=%20%20&os=")).toEqual({});
  expect(of(`search=${"x".repeat(10_000)}`)["search"]).toHaveLength(512);
});

test("filters in force survive the way there and back", () => {
  const query = of("severity=critical,high&known_exploited=false&search=log4j&sort=epss");
  expect(queryOf(tokensOf(query, FILTERS), FILTERS, "epss")).toEqual(query);
});

test("a filter that was chosen twice holds all of it, and a typed name is its word", () => {
  const tokens = [
    { key: "severity", values: ["Critical"] },
    { key: "severity", values: ["high"] },
    { key: "known_exploited", values: ["true"] },
    { key: "known_exploited", values: ["false"] },
    { key: "nothing", values: ["x"] },
  ];
  expect(queryOf(tokens, FILTERS)).toEqual({ severity: "high", known_exploited: "false" });
  expect(queryOf([{ key: "known_exploited", values: ["false"] }], FILTERS)).toEqual({ known_exploited: "false" });
});

test("other parts of an address stay", () => {
  const now = new URLSearchParams("tab=findings&severity=high&sort=epss");
  expect(withListQuery(now, FILTERS, { os: "alpine" }).toString()).toBe("tab=findings&os=alpine");
});

test("a moment is one however it was written, and what is none is not asked for", () => {
  expect(of("since=2026-11-30")).toEqual({ since: "2026-11-30T00:00:00.000Z" });
  expect(of("since=2026-11-30T10%3A00%3A00%2B02%3A00")).toEqual({ since: "2026-11-30T08:00:00.000Z" });
  expect(of("since=yesterday-ish")).toEqual({});
});
