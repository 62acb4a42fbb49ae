/** Signs in as somebody does for the first time, and keeps the cookie for the other tests. */
import { expect, test } from "@playwright/test";
import { askForException, findsNothingSerious, SIGNED_IN, sendScan } from "./helpers";

const login = process.env["PORTAL_LOGIN"] ?? "admin";
const password = process.env["PORTAL_PASSWORD"] ?? "";
/** The password that the first start of a server shows, where nobody used it yet. */
const oneTime = process.env["PORTAL_ONE_TIME"];

test("somebody signs in, for the first time with another password than the one that was given", async ({ page }) => {
  test.setTimeout(300_000);
  await page.goto("/hosts?search=x");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await findsNothingSerious(page);

  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password", { exact: true }).fill("wrong password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Wrong login or password");

  await page.getByLabel("Password", { exact: true }).fill(oneTime ?? password);
  await page.keyboard.press("Enter");
  if (oneTime !== undefined) {
    await expect(page.getByRole("heading", { name: "Choose a password" })).toBeVisible();
    await findsNothingSerious(page);
    await page.getByLabel("The password you were given").fill(oneTime);
    await page.getByLabel("New password", { exact: true }).fill("short");
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("At least 12 characters.", { exact: true })).toBeVisible();
    await page.getByLabel("New password", { exact: true }).fill(password);
    await page.getByLabel("New password again").fill(password);
    await page.getByRole("button", { name: "Set the password" }).click();
  }
  // Whoever asked for a page by its address gets it.
  await expect(page.getByRole("heading", { name: "Hosts", level: 1 })).toBeVisible();
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/hosts?search=x");
  expect(page.url()).not.toContain("token");

  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
  expect(kept).not.toMatch(/bhs_|eyJ|bulkhead-loopback/);
  await page.context().storageState({ path: SIGNED_IN });

  // What was read is judged a little later. Without advisories nothing is.
  if (process.env["PORTAL_JUDGES"] === "1") {
    const judged = async () => (await (await page.request.get("/api/v1/vulnerabilities?limit=1")).json()).total;
    await expect.poll(judged, { timeout: 180_000 }).toBeGreaterThan(0);
    // What the estate for demonstration has none of, so that every page has something to show.
    await sendScan(page, "registry.example.com/shop/search:2.0");
    await askForException(page);
  }
});
