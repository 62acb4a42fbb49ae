/** The layers of an image: the steps of its build, and what each of them brought. */
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, troubles } from "./helpers";

test("each layer says what it brought, and the base image is told from the build", async ({ page }) => {
  test.setTimeout(120_000);
  const noted = troubles(page);
  await open(page, "/images");
  const href = await page.locator("main tbody a").nth(1).getAttribute("href");
  await open(page, `${href}?tab=layers`);
  const groups = page.locator(".layers-group");
  await expect(groups).toHaveCount(2);
  await expect(groups.first()).toContainText("Base image");
  await expect(groups.last()).toContainText("This build");
  // All packages are some layer's, as the API counts them.
  const id = decodeURIComponent(href?.split("/").at(-1) ?? "");
  const { total } = await (await page.request.get(`/api/v1/images/${id}/packages?limit=1`)).json();
  await expect(groups.first()).not.toContainText("…");
  const counts = await page.locator(".layers-group > td:nth-child(3)").allTextContents();
  expect(counts.reduce((sum, one) => sum + Number(one.replace(",", "")), 0)).toBe(total);

  await page
    .getByRole("button", { name: /^What layer \d+ brought/ })
    .last()
    .click();
  await page.locator(".layers .plain-list a").first().click();
  await expect(page.getByText("What is known of it")).toBeVisible();
  await page.goBack();
  await findsNothingSerious(page);
  expect(noted).toEqual([]);
});
