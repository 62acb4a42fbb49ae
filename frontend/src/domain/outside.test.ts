/** Texts from outside stay what they are, and show what is hidden in them. */
import { expect, test } from "vitest";
import { cut, pageAddress, shortDigest, visible } from "./outside";

test("marks that turn the direction of writing can be seen", () => {
  expect(visible("invoice\u202Efdp.exe")).toBe("invoice‹U+202E›fdp.exe");
  expect(visible("a\u2066b\u2069c\u0000d\u200Be")).toBe("a‹U+2066›b‹U+2069›c‹U+0000›d‹U+200B›e");
});

test("writing of every direction stays as it is, and so do lines and tabs", () => {
  for (const text of ["nginx:1.27", "שלום/עולם", "مرحبا", "<b>bold</b>", "a\tb\nc", "日本語🚀"]) {
    expect(visible(text)).toBe(text);
  }
});

test("long texts are cut, and not within a character", () => {
  expect(cut("x".repeat(10_000), 200)).toEqual({ shown: "x".repeat(200), isCut: true });
  expect(cut("🚀".repeat(300), 100).shown).toBe("🚀".repeat(100));
  expect(cut("short")).toEqual({ shown: "short", isCut: false });
  // 150 characters of two units each are fewer than 200.
  expect(cut("🚀".repeat(150), 200)).toEqual({ shown: "🚀".repeat(150), isCut: false });
});

test("only addresses of pages are links", () => {
  expect(pageAddress("https://example.org/a")).toBe("https://example.org/a");
  for (const text of ["javascript:alert(1)", "data:text/html,x", "not an address", null, undefined]) {
    expect(pageAddress(text)).toBeUndefined();
  }
});

test("digests are shortened and nothing else is", () => {
  expect(shortDigest(`sha256:${"ab".repeat(32)}`)).toBe("sha256:abababababab");
  expect(shortDigest("sha256:short")).toBe("sha256:short");
});
