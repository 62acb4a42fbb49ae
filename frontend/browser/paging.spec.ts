/** Pages of a list: by the server's cursors, found again by who comes back, and how many rows they have is remembered. */
import { expect, test } from "@playwright/test";
import { openVulnerabilities } from "./helpers";

test("who comes back finds the page that was left", async ({ page }) => {
  await openVulnerabilities(page);
  const next = page.getByRole("button", { name: "Next page" });
  await expect(next, "there are more than a page of them").toBeEnabled();
  await next.click();
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toContainText("(51–");
  const id = (await page.locator("main tbody a").first().textContent()) ?? "";
  await page.locator("main tbody a").first().click();
  await expect(heading).toHaveText(id);
  await page.goBack();
  await expect(heading).toContainText("(51–");
  // Cursors are the server's own and no part of an address that is shared.
  expect(page.url()).not.toContain("cursor");
});

test("columns and rows on a page are chosen and remembered", async ({ page }) => {
  await openVulnerabilities(page);
  await page.getByRole("button", { name: "Preferences" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "25 rows" }).click();
  await dialog
    .getByRole("checkbox", { name: "CVSS" })
    .or(dialog.getByRole("switch", { name: "CVSS" }))
    .click();
  await dialog.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("columnheader", { name: "CVSS" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("columnheader", { name: "CVSS" })).toBeVisible();
  await expect(page.locator("main tbody tr")).toHaveCount(25);
});
