/** A second factor: set up with an authenticator, asked for at the next sign-in, removed by a recovery code. */
import { createHmac } from "node:crypto";
import { expect, type Page, test } from "@playwright/test";
import { findsNothingSerious, open, SIGNED_IN, somebody } from "./helpers";

// Nobody else's session ends by this.
test.use({ storageState: { cookies: [], origins: [] } });

/** The six digits that an authenticator shows now (RFC 6238). */
function codeOf(seed: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...seed.replace(/[\s=-]/g, "").toUpperCase()]
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const at = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Who sets one up. */
interface Own {
  login: string;
  password: string;
}

async function signIn(page: Page, { login, password }: Own): Promise<void> {
  await page.goto("/account?tab=second-factor");
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
}

test("a second factor is set up, asked for, and removed", async ({ page, browser, baseURL }) => {
  const inviting = await browser.newContext({ storageState: SIGNED_IN, baseURL: baseURL ?? "" });
  const own = await somebody(await inviting.newPage(), `fay-${Date.now().toString(36)}`, "auditor");
  await inviting.close();
  await signIn(page, own);
  await page.getByRole("button", { name: "Turn on or replace" }).click();
  await page.locator("main input[type=password]").fill(own.password);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("img", { name: "QR code for the authenticator" })).toBeVisible();
  await findsNothingSerious(page);
  const seed =
    (await page
      .getByText(/^[A-Z2-7]{16,}$/)
      .first()
      .textContent()) ?? "";
  await page.getByLabel("Then enter the six digits").fill(codeOf(seed));
  await page.getByRole("button", { name: "Turn it on" }).click();
  await expect(page.getByText("Keep these recovery codes")).toBeVisible();
  const codes = await page.locator(".recovery-codes li").allTextContents();
  expect(codes.length).toBeGreaterThan(1);
  await page.getByRole("button", { name: "I have kept them" }).click();

  await page.getByRole("button", { name: "You" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signIn(page, own);
  const code = page.locator("input[name=code]");
  await code.fill("000000");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await code.fill(codes[0] ?? "");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();

  await open(page, "/account?tab=second-factor");
  await page.getByRole("button", { name: "Remove it" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Password", { exact: true }).fill(own.password);
  await dialog.getByLabel("Code").fill(codes[1] ?? "");
  await dialog.getByRole("button", { name: "Remove it" }).click();
  await expect(page.getByText("The second factor is removed.")).toBeVisible();
});
