/** What the risk of a vulnerability here is made of: what if, until when, what is critical; and a newcomer's way to what to do. */
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, openVulnerabilities, sendScan, somebody, troubles } from "./helpers";

test("what if a fact were another: both scores, and what makes them differ", async ({ page }) => {
  test.setTimeout(180_000);
  const noted = troubles(page);
  await openVulnerabilities(page, "?known_exploited=true&place_kind=image");
  await page.locator("main tbody a").first().click();
  await page.getByRole("button", { name: /^What if/ }).click();
  const answer = page.getByTestId("what-if");
  await expect(answer.locator(".figure")).toHaveCount(2);
  await expect(answer, "nothing is changed yet").toContainText("Nothing differs");
  const figure = async (at: number) => Number(await answer.locator(".figure").nth(at).textContent());
  const before = await figure(0);
  expect(await figure(1)).toBe(before);

  await page
    .locator(".facts")
    .getByRole("button", { name: /^Exposure/ })
    .click();
  await page.getByRole("option", { name: "Not reachable", exact: true }).click();
  await expect.poll(() => figure(1), "what nobody reaches is worth less").toBeLessThan(before);
  expect(await figure(0)).toBe(before);
  await expect(answer.locator("tbody tr").first()).toBeVisible();
  await findsNothingSerious(page);
  await page.getByRole("button", { name: "All as it is" }).click();
  await expect.poll(() => figure(1)).toBe(before);
  expect(noted).toEqual([]);
});

test("the deadline of a vulnerability says when, and by which facts", async ({ page }) => {
  await openVulnerabilities(page, "?known_exploited=true");
  const id = (await page.locator("main tbody a").first().textContent()) ?? "";
  await page.locator("main tbody a").first().click();
  const facts = page.getByRole("region", { name: "Facts that decide" });
  await expect(facts.getByRole("row")).toHaveCount(5);
  // What the page says of each fact is what the API says.
  const { places } = await (await page.request.get(`/api/v1/vulnerabilities/${id}?limit=1`)).json();
  const { deadline } = places[0];
  for (const { evidence } of deadline.facts) {
    await expect(facts).toContainText(evidence.slice(0, 60));
  }
  await expect(facts.getByRole("row", { name: /In CISA's catalogue/ })).toContainText("Yes");
  await expect(page.getByText(deadline.overdue ? "Overdue since" : "Due").first()).toBeVisible();
});

test("a newcomer finds the Windows host that attackers can reach, and what to install there", async ({ page }) => {
  await open(page, "/");
  await page.getByRole("link", { name: "Hosts that the network reaches" }).click();
  await expect(page.getByText("Reachable from outside = Yes")).toBeVisible();
  // The highest risk is first.
  const first = page.locator("main tbody tr").first();
  await expect(first).toContainText("Windows Server");
  await first.getByRole("link").first().click();
  await expect(page.getByText("Declared exposed").first()).toBeVisible();
  const finding = page.getByRole("row").filter({ hasText: "Known exploited" }).first();
  await expect(finding, "what to install").toContainText(/KB\d{7}/);
  const kb = /KB\d{7}/.exec((await finding.textContent()) ?? "")?.[0] ?? "";
  await finding.getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^CVE-/);
  await expect(page.getByText(kb).first()).toBeVisible();
});

test("labels that make critical are set, and only read by who may not set them", async ({ page, browser, baseURL }) => {
  test.setTimeout(120_000);
  const noted = troubles(page);
  await open(page, "/settings?tab=risk");
  const labels = page.getByRole("textbox", { name: "Labels that make critical" });
  const save = page.getByRole("button", { name: "Save" });
  const before = await labels.inputValue();
  await labels.fill("env=production\n=no-key");
  await expect(page.getByText("“=no-key” has no key before the sign", { exact: false }).first()).toBeVisible();
  await expect(save).toBeDisabled();
  await labels.fill("no-such-label=of-a-test\n\n no-such-tier* ");
  await findsNothingSerious(page);
  await save.click();
  await expect(page.getByText("The labels are set.", { exact: false })).toBeVisible();
  await expect(labels).toHaveValue("no-such-label=of-a-test\nno-such-tier*");

  // Whoever looks at an older state does not overwrite this one.
  const other = await page.context().newPage();
  await open(other, "/settings?tab=risk");
  await labels.fill("no-such-label=first");
  await save.click();
  await expect(labels).toHaveValue("no-such-label=first");
  await other.getByRole("textbox", { name: "Labels that make critical" }).fill("no-such-label=second");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByText("It changed meanwhile")).toBeVisible();
  await other.close();

  const reader = await somebody(page, `rae-${Date.now().toString(36)}`, "auditor");
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, baseURL: baseURL ?? "" });
  const theirs = await context.newPage();
  await theirs.goto("/settings?tab=risk");
  await theirs.getByLabel("Login").fill(reader.login);
  await theirs.getByLabel("Password", { exact: true }).fill(reader.password);
  await theirs.keyboard.press("Enter");
  await expect(theirs.getByText("no-such-label=first")).toBeVisible();
  await expect(theirs.getByText("Who manages policies may change them.")).toBeVisible();
  await expect(theirs.getByRole("button", { name: "Save" })).toHaveCount(0);
  await context.close();

  await labels.fill(before);
  await save.click();
  await expect(labels).toHaveValue(before);
  expect(noted).toEqual([]);
});

test("a build's scan says why it did not pass, what to install, and what was not read", async ({ page }) => {
  test.setTimeout(120_000);
  const noted = troubles(page);
  const id = await sendScan(page, `registry.example.com/shop/search:${Date.now().toString(36)}`);
  await open(page, `/scans/${id}`);
  await expect(page.getByText("Not passed: violated")).toBeVisible();
  const gate = page.getByRole("region", { name: "What violates the policy" });
  await expect(gate).toContainText("CVE-2021-44228 is known to be exploited");
  await expect(page.getByText("A foreign layer was not read.")).toBeVisible();
  await expect(page.locator("main").getByText("2.17.1").first()).toBeVisible();
  await findsNothingSerious(page);
  await page.getByRole("tab", { name: "What to install (1)" }).click();
  await expect(page.getByText("update 2.14.1 to 2.17.1")).toBeVisible();
  await page.getByRole("tab", { name: "Coverage (1)" }).click();
  await expect(page.getByText("A layer lies with its vendor.", { exact: false })).toBeVisible();
  await page.getByRole("tab", { name: "Left out (1)" }).click();
  await expect(page.getByText("no lookups are configured")).toBeVisible();
  await findsNothingSerious(page);
  await open(page, `/scans/${"0".repeat(32)}`);
  await expect(page.getByText("There is no such scan")).toBeVisible();
  expect(noted).toEqual([]);
});

test("the form for a trusted build opens without a mistake in it, and says which line is one", async ({ page }) => {
  await open(page, "/access/new-trusted-build");
  const claims = page.getByRole("textbox", { name: "What the tokens have to say" });
  await expect(claims).toHaveValue(/repository_id=/);
  await expect(claims).not.toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("button", { name: "Trust a build", exact: true })).toBeDisabled();
  await claims.fill("repository_id=1\nref");
  await expect(page.getByText("“ref” is no claim", { exact: false }).first()).toBeVisible();
  await claims.fill("repository_id=1\nref=refs/heads/*");
  await expect(page.getByRole("button", { name: "Trust a build", exact: true })).toBeEnabled();
});
