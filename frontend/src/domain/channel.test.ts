/** Only what a kind has is sent, and no secret is emptied by leaving its field empty. */
import { expect, test } from "vitest";
import { CHANNEL_KINDS, EMPTY_TARGET, isTargetWhole, targetOf } from "./channel";

test("a secret that is left empty is not sent, so that the one that is set stays", () => {
  for (const kind of CHANNEL_KINDS) {
    const sent = targetOf({ ...EMPTY_TARGET, kind });
    for (const secret of ["authorization", "password", "token"]) {
      expect(sent).not.toHaveProperty(secret);
    }
  }
  expect(targetOf({ ...EMPTY_TARGET, kind: "slack" })).toEqual({ kind: "slack" });
  expect(targetOf({ ...EMPTY_TARGET, kind: "ocsf", url: "https://a", secret: "Splunk 1" })).toEqual({
    kind: "ocsf",
    url: "https://a",
    authorization: "Splunk 1",
  });
});

test("fields of another kind are not sent", () => {
  const sent = targetOf({
    ...EMPTY_TARGET,
    kind: "syslog",
    host: " logs.example.org ",
    port: "6514",
    url: "https://hooks.example.org/secret",
    secret: "s",
  });
  expect(sent).toEqual({ kind: "syslog", host: "logs.example.org", port: 6514, transport: "tls" });
});

test("a form says when something is missing", () => {
  expect(isTargetWhole({ ...EMPTY_TARGET, kind: "teams" }, false)).toBe(false);
  expect(isTargetWhole({ ...EMPTY_TARGET, kind: "teams" }, true)).toBe(true);
  const mail = { ...EMPTY_TARGET, kind: "email" as const, host: "h", from: "a@b", to: ["c@d"] };
  expect(isTargetWhole({ ...mail, port: "587" }, false)).toBe(true);
  expect(isTargetWhole({ ...mail, port: "70000" }, false)).toBe(false);
  expect(isTargetWhole({ ...mail, port: "587", to: [] }, false)).toBe(false);
});
