/** What the tests of the portal have in common. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, type Route } from "@playwright/test";

/** Fails for what keeps somebody from using a page: what axe calls serious or critical, by WCAG 2.2 A and AA. */
export async function findsNothingSerious(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
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
