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

/** Sends the report of a scan, as a build does: not passed, one of two findings left out, and not all of it read. Gives its id. */
export async function sendScan(page: Page, name: string): Promise<string> {
  const source = { feed: "osv", document: "Maven" };
  const finding = {
    vulnerability: "CVE-2021-44228",
    package: "org.apache.logging.log4j:log4j-core",
    installed_version: "2.14.1",
    fixed_version: "2.17.1",
    severity: "critical",
    kev: true,
    status: "fixed",
    evidence: {
      ecosystem: { name: "maven" },
      matched_name: "org.apache.logging.log4j:log4j-core",
      matched_version: "2.14.1",
      comparison: "2.14.1 < 2.17.1",
      source,
    },
  };
  const { vulnerability, package: its, installed_version, severity } = finding;
  const data = {
    version: 1,
    software: "0.1.0",
    scanned_at: "2026-01-05T09:15:00Z",
    target: { kind: "image", name },
    coverage: {
      status: "partial",
      gaps: [{ reason: "foreign_layer", detail: "A layer lies with its vendor. Scan where it can be had." }],
    },
    packages: [],
    findings: [finding],
    suppressed: [
      {
        finding: { ...finding, vulnerability: "CVE-2021-45105", severity: "medium", kev: false },
        by: { kind: "exception", source: "gate", reason: "no lookups are configured" },
      },
    ],
    remedies: [
      {
        action: "org.apache.logging.log4j:log4j-core: update 2.14.1 to 2.17.1",
        top_score: 71.5,
        vulnerabilities: 1,
        known_exploited: 1,
      },
    ],
    summary: {
      total: 1,
      critical: 1,
      high: 0,
      medium: 0,
      low: 0,
      unknown: 0,
      known_exploited: 1,
      fixable: 1,
      cannot_judge: 0,
    },
    policy: {
      verdict: "violated",
      considered: 1,
      policies: [{ name: "gate", source: "policy.toml" }],
      lacking: ["A foreign layer was not read."],
      violations: [
        {
          policy: "gate",
          rule: "kev",
          reason: "CVE-2021-44228 is known to be exploited",
          finding: { vulnerability, package: its, installed_version, severity },
        },
      ],
    },
  };
  const sent = await page.request.post("/api/v1/scans", { headers: { "bulkhead-csrf": "1" }, data });
  expect(sent.status()).toBe(201);
  return (await sent.json()).id;
}

/** Asks for an exception that waits for somebody's decision, where there is none yet. */
export async function askForException(page: Page): Promise<void> {
  const { exceptions } = await (await page.request.get("/api/v1/exceptions?limit=1")).json();
  if (exceptions.length > 0) {
    return;
  }
  const found = await (await page.request.get("/api/v1/vulnerabilities?known_exploited=true&limit=1")).json();
  const [{ id, top_place }] = found.vulnerabilities;
  const data = {
    vulnerability: id,
    scope: { kind: "place", place: top_place },
    status: "accepted_risk",
    reason: "The part that has it is not configured. To be looked at anew with the next release.",
  };
  const asked = await page.request.post("/api/v1/exceptions", { headers: { "bulkhead-csrf": "1" }, data });
  expect(asked.status(), await asked.text()).toBe(201);
}
