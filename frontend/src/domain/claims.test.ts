/** Claims as people write them. */
import { expect, test } from "vitest";
import { claimsOf } from "./claims";

test("each line is a claim with its pattern, which may have the sign in it", () => {
  expect(claimsOf(" repository_id = 1296269 \n\nsub=repo:a/b:ref=x\n")).toEqual({
    repository_id: "1296269",
    sub: "repo:a/b:ref=x",
  });
  expect(claimsOf("")).toEqual({});
});

test("what is no claim, or one twice, is not sent", () => {
  expect(claimsOf("repository_id")).toBeUndefined();
  expect(claimsOf("repository_id=")).toBeUndefined();
  expect(claimsOf("=1")).toBeUndefined();
  expect(claimsOf("ref=a\nref=b")).toBeUndefined();
});
