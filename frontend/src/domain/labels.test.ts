/** Patterns of labels are held to what the API takes. */
import { expect, test } from "vitest";
import { labelTrouble, MOST_BYTES, MOST_PATTERNS } from "./labels";

test("patterns of every form that means something can be set", () => {
  expect(labelTrouble([])).toBeUndefined();
  expect(labelTrouble(["env=production", "tier=front*", "critical", "*=yes", "note=a=b c"])).toBeUndefined();
  expect(labelTrouble(Array.from({ length: MOST_PATTERNS }, (_, n) => `k${n}`))).toBeUndefined();
});

test("what the API would refuse, or would never fit, is said before it is sent", () => {
  expect(labelTrouble(Array.from({ length: MOST_PATTERNS + 1 }, (_, n) => `k${n}`))).toEqual({
    kind: "many",
    count: MOST_PATTERNS + 1,
  });
  // Bytes count, not characters.
  expect(labelTrouble(["ä".repeat(MOST_BYTES / 2)])).toBeUndefined();
  expect(labelTrouble(["ä".repeat(MOST_BYTES / 2 + 1)])?.kind).toBe("long");
  expect(labelTrouble(["env=a\tb"])?.kind).toBe("control");
  expect(labelTrouble(["env=a", "=production"])).toEqual({ kind: "keyless", pattern: "=production" });
});
