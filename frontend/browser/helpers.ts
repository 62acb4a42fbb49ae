/** What the tests of the portal have in common. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, type Route } from "@playwright/test";

/** Where the first test keeps the cookie of who is signed in, for the others. */
export const SIGNED_IN = "test-results/signed-in.json";

/** By which rules pages are judged: WCAG 2.2, A and AA, and what is good practice beside them. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Fails for what keeps somebody from using a page: what axe calls serious or critical. `colours` only looks at what differs between
 * light and dark, for a page that was looked at whole.
 */
export async function findsNothingSerious(page: Page, what: "everything" | "colours" = "everything"): Promise<void> {
  // There are no frames. Otherwise axe carries all that it found to be good into another page and back, which takes three times as
  // long as looking.
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await axe
    .options({
      resultTypes: ["violations"],
      runOnly: what === "everything" ? { type: "tag", values: RULES } : { type: "rule", values: ["color-contrast"] },
    })
    .analyze();
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
}

/** Notes what the page's policy refused and what broke, from here on. */
export function troubles(page: Page): string[] {
  const noted: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) {
      noted.push(message.text());
    }
  });
  page.on("pageerror", (error) => noted.push(error.message));
  return noted;
}

/** Answers a request with a problem, as the server does. */
export function refuse(route: Route, status: number, type: string, title: string, detail: string, headers = {}) {
  return route.fulfill({
    status,
    contentType: "application/problem+json",
    headers,
    body: JSON.stringify({ type: `/problems/${type}`, title, status, detail, request_id: "0123456789abcdef" }),
  });
}

/**
 * A person of a test's own, made by an invitation: what the test does to who is signed in meets no other test. `page` is one of
 * whoever may invite.
 */
export async function somebody(page: Page, login: string, role: string): Promise<{ login: string; password: string }> {
  const headers = { "bulkhead-csrf": "1" };
  const data = { roles: [{ role }], note: login };
  const invited = await page.request.post("/api/v1/invitations", { headers, data });
  expect(invited.status()).toBe(201);
  const { token } = await invited.json();
  const password = `the password of ${login}`;
  const accepted = await page.request.post("/api/v1/invitations/accept", { headers, data: { token, login, password } });
  expect(accepted.status()).toBe(201);
  return { login, password };
}

/** Goes to a page and waits until its heading is there and nothing is on its way. */
export async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.waitForLoadState("networkidle");
}

/** Goes to the list of vulnerabilities, of which the estate for demonstration has some. */
export async function openVulnerabilities(page: Page, query = ""): Promise<void> {
  await open(page, `/vulnerabilities${query}`);
  await expect(page.locator("main tbody a").first()).toBeVisible();
}
