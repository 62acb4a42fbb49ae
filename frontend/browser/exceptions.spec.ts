/** Exceptions: asked for where a vulnerability is shown, approved, in force, handed on as VEX, and taken back. */
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, openVulnerabilities, troubles } from "./helpers";

test("an exception goes from being asked for to being revoked", async ({ page }) => {
  test.setTimeout(240_000);
  const noted = troubles(page);
  await openVulnerabilities(page, "?severity=low,unknown");
  const link = page.locator("main tbody a").first();
  const id = (await link.textContent()) ?? "";
  await link.click();
  await page.getByRole("link", { name: "Ask for an exception" }).click();
  await expect(page.getByLabel("Vulnerability", { exact: true })).toHaveValue(id);
  await expect(page.getByRole("textbox", { name: "Host or image" })).toHaveValue(/^(host|image)\//);
  const send = page.getByRole("button", { name: "Ask for it" });
  await expect(send, "nothing without a reason").toBeDisabled();
  await page.getByLabel("Reason").fill("the test's");
  await findsNothingSerious(page);
  await send.click();
  await expect(page.getByText("Waits for a decision")).toBeVisible();

  await page.getByRole("button", { name: "Approve" }).click();
  await page
    .getByRole("dialog")
    .getByLabel(/Comment/)
    .fill("until the next release");
  await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await expect(page.getByText("In force", { exact: true })).toBeVisible();
  await expect(page.getByText("until the next release")).toBeVisible();
  await findsNothingSerious(page);

  await open(page, "/exceptions?state=approved");
  await expect(page.locator("main tbody").getByText(id).first()).toBeVisible();
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download VEX" }).click();
  const vex = JSON.parse(readFileSync(await (await coming).path(), "utf8"));
  expect(vex["@context"]).toContain("openvex.dev");
  expect(JSON.stringify(vex.statements)).toContain(id);

  await page.locator("main tbody a").first().click();
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("It is revoked.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Approve" })).toHaveCount(0);
  expect(noted).toEqual([]);
});
