/** The overview: numbers that lead to what they count, and pictures with their numbers beside them. */
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, troubles } from "./helpers";

test("numbers of the overview are those of the API and lead to what they count", async ({ page }) => {
  test.setTimeout(180_000);
  const noted = troubles(page);
  // The page's own answer: the estate may have changed by the next.
  const answer = page.waitForResponse((response) => new URL(response.url()).pathname === "/api/v1/posture");
  await open(page, "/");
  const { posture, since } = await (await answer).json();
  const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, one) => sum + one, 0);
  const link = (name: string) => page.getByRole("link", { name, exact: true });
  await expect(link(`Known exploited: ${posture.known_exploited}`)).toBeVisible();
  await expect(link(`Hosts: ${posture.hosts.total}`)).toBeVisible();
  await expect(link(`Images: ${posture.images.total}`)).toBeVisible();
  await expect(link(`New: ${total(since.new).toLocaleString("en")}`)).toBeVisible();
  await expect(link(`Fixed: ${total(since.fixed).toLocaleString("en")}`)).toBeVisible();
  await expect(page.getByText("What was not read is never counted as clean")).toBeVisible();
  await findsNothingSerious(page);

  await page.getByRole("link", { name: /^New: [\d,]+$/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Vulnerabilities/ })).toBeVisible();
  await expect(page.getByText(/New since = /)).toBeVisible();
  await page.goBack();
  await page.getByRole("link", { name: /^Fixed: [\d,]+$/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Fixed/ })).toBeVisible();
  expect(noted).toEqual([]);
});

test("the trend is drawn under the page's policy, in both looks, and says the same in words", async ({ page }) => {
  const noted = troubles(page);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await open(page, "/");
    const chart = page.getByRole("img", { name: /Vulnerabilities: / });
    await chart.scrollIntoViewIfNeeded();
    await expect(chart).toHaveAttribute("data-drawn", "true");
    await expect(chart.locator("canvas")).toBeVisible();
  }
  await page.getByRole("button", { name: "Hosts", exact: true }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get("trend")).toBe("hosts");
  await page.getByRole("button", { name: "As a table" }).click();
  await expect(page.getByRole("columnheader", { name: "Critical" }).first()).toBeVisible();
  expect(noted).toEqual([]);
});

test("hosts by their highest severity lead to their list", async ({ page }) => {
  const answer = page.waitForResponse((response) => new URL(response.url()).pathname === "/api/v1/posture");
  await open(page, "/");
  const { posture } = await (await answer).json();
  const severity = ["critical", "high", "medium", "low", "unknown"].find((one) => posture.hosts.highest[one] > 0);
  const names: Record<string, string> = { critical: "Critical", high: "High", medium: "Medium", low: "Low" };
  await page
    .getByRole("link", {
      name: `Hosts, ${names[severity ?? ""] ?? "Not rated"}: ${posture.hosts.highest[severity ?? ""]}`,
    })
    .click();
  await expect.poll(() => new URL(page.url()).search).toBe(`?severity=${severity}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(`of ${posture.hosts.highest[severity ?? ""]})`);
});
