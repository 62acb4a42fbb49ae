/** What is asked when somebody changes facts. */
import { expect, test } from "vitest";
import { asked, CHANGE_NAMES, CHANGES } from "./whatIf";

test("only what was changed is asked, with its type", () => {
  expect(asked({})).toEqual({});
  expect(asked({ exposure: "published", root: "", running_containers: "0", fix_available: "false" })).toEqual({
    exposure: "published",
    running_containers: 0,
    fix_available: false,
  });
  expect(asked({ exposure: "the moon" })).toEqual({});
});

test("each fact can stay as it is", () => {
  for (const name of CHANGE_NAMES) {
    expect(CHANGES[name][0], name).toBe("");
  }
});
