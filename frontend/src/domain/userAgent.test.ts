/** Browsers are told by the two words that people know them by. */
import { expect, test } from "vitest";
import { browserOf } from "./userAgent";

test("browsers that name others beside themselves are told apart", () => {
  const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
  expect(browserOf(`${windows} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`)).toEqual({
    browser: "Edge 156",
    system: "Windows",
  });
  expect(browserOf(`${windows} Chrome/156.0.0.0 Safari/537.36`)).toEqual({ browser: "Chrome 156", system: "Windows" });
  expect(
    browserOf(
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
    ),
  ).toEqual({ browser: "Safari 19", system: "macOS" });
  expect(browserOf("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0")).toEqual({
    browser: "Firefox 150",
    system: "Linux",
  });
});

test("what is no browser stays as it calls itself", () => {
  expect(browserOf("curl/7.88.1")).toBeUndefined();
  expect(browserOf("")).toBeUndefined();
});
