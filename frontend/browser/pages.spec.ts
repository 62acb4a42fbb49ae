/** Every page: it is there, its policy refuses nothing, axe finds nothing serious, and it is fit to be looked at. */
import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import { findsNothingSerious, open, SIGNED_IN, troubles } from "./helpers";

/** Where pictures go, where somebody wants them. */
const PICTURES = process.env["PORTAL_PICTURES"];

/** Pages by name; the ones of a thing are found on the page of its list. */
const PAGES: Record<string, string> = {
  overview: "/",
  vulnerabilities: "/vulnerabilities",
  vulnerability: "/vulnerabilities →",
  hosts: "/hosts",
  host: "/hosts →",
  "host-coverage": "/hosts → ?tab=coverage",
  "vulnerability-what-if": "/vulnerabilities →",
  fixed: "/fixed",
  containers: "/containers",
  container: "/containers →",
  windows: "/windows",
  images: "/images",
  image: "/images →",
  "image-layers": "/images → ?tab=layers",
  "image-compare": "/images",
  account: "/account",
  keys: "/account?tab=keys",
  agents: "/agents",
  "agents-install": "/agents?tab=install",
  "agents-tokens": "/agents?tab=tokens",
  registries: "/registries",
  "registry-new": "/registries/new",
  scans: "/scans",
  scan: "/scans →",
  "scan-coverage": "/scans → ?tab=coverage",
  exceptions: "/exceptions",
  "exception-new": "/exceptions/new",
  exception: "/exceptions →",
  policies: "/policies",
  notifications: "/notifications",
  "channel-new": "/notifications/new",
  people: "/access",
  person: "/access/people/admin",
  invite: "/access/invite",
  invitations: "/access?tab=invitations",
  roles: "/access?tab=roles",
  "role-new": "/access/new-role",
  permissions: "/access/permissions",
  collections: "/access?tab=collections",
  "collection-new": "/access/new-collection",
  tokens: "/access?tab=tokens",
  providers: "/access?tab=providers",
  "provider-new": "/access/new-identity-provider",
  builds: "/access?tab=builds",
  "build-new": "/access/new-trusted-build",
  audit: "/access?tab=audit",
  settings: "/settings",
  "settings-risk": "/settings?tab=risk",
  sessions: "/settings?tab=sessions",
  "dead-letters": "/settings?tab=dead-letters",
  exports: "/settings?tab=exports",
};

/** What is done on a page before it is looked at. */
const STEPS: Record<string, (page: Page) => Promise<void>> = {
  "vulnerability-what-if": async (page) => {
    await page.getByRole("button", { name: /^What if/ }).click();
    await expect(page.getByTestId("what-if").locator(".figure")).toHaveCount(2);
  },
  "image-compare": async (page) => {
    const links = page.locator("main tbody a");
    const id = async (at: number) => (await links.nth(at).getAttribute("href"))?.split("/").at(-1);
    await open(page, `/images/compare?a=${await id(0)}&b=${await id(1)}`);
    await expect(page.getByTestId("compared")).toBeVisible();
  },
};

/** Lists that have many rows. */
const LISTS = [
  "agents",
  "audit",
  "containers",
  "deliveries",
  "enrolment-tokens",
  "exceptions",
  "fixed",
  "hosts",
  "host-findings",
  "images",
  "image-findings",
  "own-keys",
  "own-sessions",
  "scans",
  "tokens",
  "vulnerabilities",
  "vulnerability-places",
];

/** Which colours a page is looked at in first and wholly, at each width, and then once more. */
const LOOKS = [
  { width: 1440, height: 900, first: "light", second: "dark" },
  { width: 390, height: 844, first: "dark", second: "light" },
] as const;

// Tests of a worker share what browsers keep of a portal: it is loaded and compiled once.
const test = base.extend<object, { shared: BrowserContext }>({
  shared: [
    async ({ browser }, use, { project }) => {
      const { baseURL = "", storageState = SIGNED_IN } = project.use;
      const context = await browser.newContext({ baseURL, storageState, reducedMotion: "reduce" });
      // A page of 25 rows tells as much as one of 50, and axe looks at each cell.
      await context.addInitScript((ids) => {
        for (const id of ids) {
          localStorage.setItem(`bulkhead.list.${id}`, JSON.stringify({ pageSize: 25 }));
        }
      }, LISTS);
      await use(context);
      await context.close();
    },
    { scope: "worker" },
  ],
  page: async ({ shared }, use) => {
    const page = await shared.newPage();
    await use(page);
    await page.close();
  },
});

/** Gives a page its colours, and waits until it has them: they pass into each other. */
async function colour(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  // The page is told when it is drawn the next time, for which a busy machine may take long.
  const isDark = () =>
    page.evaluate(async () => {
      await new Promise((drawn) => requestAnimationFrame(drawn));
      return document.body.classList.contains("awsui-dark-mode");
    });
  await expect.poll(isDark, { timeout: 60_000 }).toBe(colorScheme === "dark");
  await page.evaluate(async () => {
    await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
    const passing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(passing.map(({ finished }) => finished));
  });
}

for (const [name, way] of Object.entries(PAGES)) {
  for (const { width, height, first, second } of LOOKS) {
    test(`${name}, ${width} wide`, async ({ page }) => {
      test.setTimeout(180_000);
      const noted = troubles(page);
      await page.emulateMedia({ colorScheme: first });
      await page.setViewportSize({ width, height });
      const [list = "/", query] = way.split(" →");
      await open(page, list);
      if (query !== undefined) {
        const link = page.locator("main tbody a").first();
        await expect(link).toBeVisible();
        await open(page, `${await link.getAttribute("href")}${query.trim()}`);
      }
      await STEPS[name]?.(page);
      await expect(page).toHaveTitle(/ · Bulkhead$/);
      await expect(page.getByRole("alert").filter({ hasText: "Request" })).toHaveCount(0);
      for (const scheme of [first, second]) {
        await colour(page, scheme);
        await findsNothingSerious(page, scheme === first ? "everything" : "colours");
        if (PICTURES !== undefined) {
          await page.screenshot({ path: `${PICTURES}/${name}-${scheme}-${width}.png`, fullPage: true });
        }
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, "nothing is wider than the screen").toBeLessThanOrEqual(0);
      expect(noted).toEqual([]);
    });
  }
}
