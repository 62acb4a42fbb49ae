/** Signs in as somebody does for the first time, and keeps the cookie for the other tests. */
import { expect, test } from "@playwright/test";
import { findsNothingSerious } from "./helpers";

test("somebody signs in", async ({ page }) => {
  await page.goto("/hosts?search=x");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await findsNothingSerious(page);

  await page.getByLabel("Login").fill(process.env["PORTAL_LOGIN"] ?? "admin");
  await page.getByLabel("Password", { exact: true }).fill("wrong password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Wrong login or password");

  await page.getByLabel("Password", { exact: true }).fill(process.env["PORTAL_PASSWORD"] ?? "");
  await page.keyboard.press("Enter");
  // Whoever asked for a page by its address gets it.
  await expect(page.getByRole("heading", { name: "Hosts", level: 1 })).toBeVisible();
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/hosts?search=x");
  expect(page.url()).not.toContain("token");

  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
  expect(kept).not.toMatch(/bhs_|eyJ|bulkhead-loopback/);
  await page.context().storageState({ path: "test-results/signed-in.json" });
});
