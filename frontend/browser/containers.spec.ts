/** Containers, and Windows builds. */
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, troubles } from "./helpers";

test("a container is found by its image, and its page leads on", async ({ page }) => {
  test.setTimeout(180_000);
  const noted = troubles(page);
  await open(page, "/images");
  const link = page.locator("main tbody a").first();
  const image = (await link.textContent()) ?? "";
  await link.click();
  await page.getByRole("tab", { name: "Hosts" }).click();
  await page.getByRole("link", { name: "Its containers" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Containers/ })).toBeVisible();
  await page.locator("main tbody a").first().click();
  await expect(page.getByRole("heading", { name: "Rights" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Network" })).toBeVisible();
  await findsNothingSerious(page);
  await page.getByRole("link", { name: "What is vulnerable in its image" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(image);
  expect(noted).toEqual([]);
});

test("the board of Windows builds tells what is behind, and hands over what is to be rebuilt", async ({ page }) => {
  test.setTimeout(180_000);
  const noted = troubles(page);
  await open(page, "/windows");
  await expect(page.getByText("Behind").first()).toBeVisible();
  await page
    .getByRole("button", { name: /^Where 10\.0\./ })
    .first()
    .click();
  await expect(page.locator("main .plain-list a").first()).toBeVisible();
  await findsNothingSerious(page);
  const button = page.getByRole("button", { name: /Rebuild list/ });
  const count = Number(/\(([\d,]+)\)/.exec((await button.textContent()) ?? "")?.[1]?.replace(",", ""));
  const coming = page.waitForEvent("download");
  await button.click();
  const lines = readFileSync(await (await coming).path(), "utf8")
    .trim()
    .split("\n");
  expect(lines).toHaveLength(count + 1);
  await page.getByRole("button", { name: "Hosts to update" }).click();
  await expect.poll(() => new URL(page.url()).search).toBe("?place_kind=host");
  expect(noted).toEqual([]);
});
