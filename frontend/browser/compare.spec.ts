/** Two images beside each other: from the list and from an image's page, in an address that can be shared. */
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, troubles } from "./helpers";

test("two images are chosen in the list and told apart", async ({ page }) => {
  test.setTimeout(180_000);
  const noted = troubles(page);
  await open(page, "/images");
  const compare = page.getByRole("button", { name: "Compare", exact: true });
  await expect(compare).toBeDisabled();
  const boxes = page.getByRole("checkbox", { name: /^Choose registry/ });
  await boxes.nth(0).check({ force: true });
  await expect(compare).toBeDisabled();
  await boxes.nth(1).check({ force: true });
  await compare.click();
  await expect(page.getByRole("heading", { level: 1, name: "Compare two images" })).toBeVisible();
  const { searchParams } = new URL(page.url());
  const [a, b] = [searchParams.get("a") ?? "", searchParams.get("b") ?? ""];
  expect(a).toMatch(/^sha256:/);
  expect(b).toMatch(/^sha256:/);

  // What the page says is what the API has of both.
  await expect(page.getByTestId("compared")).toBeVisible();
  const ids = async (id: string): Promise<Set<string>> => {
    const answer = await page.request.get(`/api/v1/images/${encodeURIComponent(id)}/findings`, {
      headers: { accept: "application/x-ndjson" },
    });
    const lines = (await answer.text()).trim().split("\n").filter(Boolean);
    return new Set(lines.map((line) => JSON.parse(line).vulnerability));
  };
  const [first, second] = [await ids(a), await ids(b)];
  const figure = async (kind: string) => Number(await page.locator(`.tile-${kind} .figure`).textContent());
  expect(await figure("same")).toBe([...first].filter((id) => second.has(id)).length);
  expect(await figure("fixed")).toBe([...first].filter((id) => !second.has(id)).length);
  expect(await figure("new")).toBe([...second].filter((id) => !first.has(id)).length);

  const gone = await figure("fixed");
  await page.getByRole("button", { name: "Swap" }).click();
  await expect.poll(() => figure("new")).toBe(gone);
  await findsNothingSerious(page);
  expect(noted).toEqual([]);
});

test("an image's page leads to its comparison, and what is shown of it stands in the address", async ({ page }) => {
  await open(page, "/images");
  await page.locator("main tbody a").first().click();
  await page.getByRole("link", { name: "Compare with another" }).click();
  await page.getByRole("combobox", { name: "Image", exact: true }).click();
  await page.getByRole("option").nth(3).click();
  await expect(page.getByTestId("compared")).toBeVisible();

  await page.getByRole("tab", { name: "Packages" }).click();
  await page.getByRole("button", { name: "In both" }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get("show")).toBe("same");
  await page.getByRole("tab", { name: "Layers" }).click();
  expect(new URL(page.url()).searchParams.get("show"), "another part's question is not asked").toBeNull();
  expect(new URL(page.url()).searchParams.get("b")).toMatch(/^sha256:/);
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: "CSV of the shown columns" }).click();
  const lines = readFileSync(await (await coming).path(), "utf8")
    .trim()
    .split("\n");
  expect(lines.length).toBeGreaterThan(2);
  await page.reload();
  await expect(page.getByRole("tab", { name: "Layers" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByTestId("compared")).toBeVisible();
});

test("an image that is not there, and one with itself, are said", async ({ page }) => {
  const none = `sha256:${"0".repeat(64)}`;
  await open(page, `/images/compare?a=${none}&b=sha256:${"1".repeat(64)}`);
  await expect(page.getByText("There is no such thing here").first()).toBeVisible();
  await open(page, `/images/compare?a=${none}&b=${none}`);
  await expect(page.getByText("Both are the same image")).toBeVisible();
});
