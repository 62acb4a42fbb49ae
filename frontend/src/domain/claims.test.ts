/** Claims as people write them. */
import { expect, test } from "vitest";
import { readClaims } from "./claims";

test("each line is a claim with its pattern, which may have the sign in it", () => {
  expect(readClaims(" repository_id = 1296269 \n\nsub=repo:a/b:ref=x\n")).toEqual({
    claims: { repository_id: "1296269", sub: "repo:a/b:ref=x" },
  });
  expect(readClaims("")).toEqual({ claims: {} });
});

test("what is no claim, one without a pattern, or one twice is named", () => {
  expect(readClaims("ref=a\nrepository_id")).toEqual({ trouble: { kind: "line", what: "repository_id" } });
  expect(readClaims("repository_id=")).toEqual({ trouble: { kind: "pattern", what: "repository_id" } });
  expect(readClaims("=1")).toEqual({ trouble: { kind: "line", what: "=1" } });
  expect(readClaims("ref=a\nref=b")).toEqual({ trouble: { kind: "twice", what: "ref" } });
});
