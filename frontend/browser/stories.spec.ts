/** What people do in the portal. */
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { open, openVulnerabilities } from "./helpers";

test("are we affected? a CVE typed anywhere is answered", async ({ page }) => {
  await openVulnerabilities(page);
  const id = (await page.locator("main tbody a").first().textContent())?.trim() ?? "";
  await open(page, "/");
  await page.keyboard.press("/");
  await page.keyboard.type(id.toLowerCase());
  await expect(page.getByRole("option").filter({ hasText: "Affected:" }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: id })).toBeVisible();
  // Who reads with the ears is taken there, too.
  await expect(page.locator(".page-heading")).toBeFocused();
  await expect(page).toHaveTitle(`${id} · Bulkhead`);

  await page.keyboard.press("/");
  await page.keyboard.type("cve 1999 99999");
  await expect(page.getByText("Not affected: CVE-1999-99999 is in no place that was read")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByPlaceholder(/Are we affected/)).toHaveValue("");
});

test("filters, order and page live in the address and survive going back", async ({ page }) => {
  await openVulnerabilities(page);
  await page.getByPlaceholder(/Find a CVE/).click();
  await page.getByRole("option", { name: "Severity", exact: true }).click();
  await page.getByRole("option", { name: "High", exact: true }).click();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get("severity")).toBe("high");
});

test("an address is a list with its filters", async ({ page }) => {
  await openVulnerabilities(page, "?severity=critical,high&sort=id");
  await expect(page.getByText(/Severity = Critical, High/)).toBeVisible();
  const ids = await page.locator("main tbody tr th a, main tbody tr td:first-child a").allTextContents();
  expect(ids.length).toBeGreaterThan(0);
  expect(ids).toEqual([...ids].sort());
  await page.locator("main tbody a").first().click();
  await expect(page.getByText("What is known of it")).toBeVisible();
  await page.goBack();
  await expect(page.getByText(/Severity = Critical, High/)).toBeVisible();
  // What is no word of the list is not asked for.
  await open(page, "/vulnerabilities?severity=bogus&sort=bogus");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await open(page, "/vulnerabilities?search=no-such-thing-anywhere");
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).last().click();
  await expect(page.locator("main tbody a").first()).toBeVisible();
});

test("a list is exported whole, as a table and as lines", async ({ page }) => {
  await openVulnerabilities(page, "?severity=critical,high,medium,low");
  const total = Number(
    /of ([\d,]+)\)/.exec((await page.getByRole("heading", { level: 1 }).textContent()) ?? "")?.[1]?.replace(",", ""),
  );
  for (const [item, ending] of [
    ["CSV of the shown columns", ".csv"],
    ["NDJSON of everything", ".ndjson"],
  ] as const) {
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: item }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toContain(ending);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\n");
    expect(lines).toHaveLength(ending === ".csv" ? total + 1 : total);
    if (ending === ".ndjson") {
      expect(JSON.parse(lines[0] ?? "")).toHaveProperty("top_place_name");
    }
  }
});

test("a score can be added up", async ({ page }) => {
  await openVulnerabilities(page);
  await page.locator("main tbody a").first().click();
  const points = page.locator(".parts tbody .parts-points > span:first-child");
  await expect(points.first()).toBeVisible();
  const sum = (await points.allTextContents()).reduce((all, one) => all + Number(one), 0);
  const whole = Number(await page.locator(".parts tfoot strong").textContent());
  expect(Math.abs(sum - whole)).toBeLessThan(0.06);
});

test("columns and colours are remembered, and nothing else is", async ({ page }) => {
  await open(page, "/hosts");
  await page.getByRole("button", { name: "Look" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Dark" }).click();
  await expect(page.locator("body")).toHaveClass(/awsui-dark-mode/);
  await page.reload();
  await expect(page.locator("body")).toHaveClass(/awsui-dark-mode/);
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => !key.startsWith("bulkhead.")))).toEqual(
    [],
  );
});

test("an API key is made, shown once, and revoked", async ({ page }) => {
  await open(page, "/account?tab=keys");
  await page.getByRole("button", { name: "Make a key" }).first().click();
  await page.getByLabel("What it is for").fill("a test's");
  await page.getByRole("dialog").getByRole("button", { name: "Make a key" }).click();
  const key = (await page.getByRole("dialog").locator(".command code").textContent()) ?? "";
  expect(key).toMatch(/^bhk_/);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await expect(page.locator("main")).not.toContainText(key);
  const revoke = page.getByRole("button", { name: /^Revoke the key/ }).first();
  await revoke.click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(page.getByText("The key is revoked.")).toBeVisible();
});
