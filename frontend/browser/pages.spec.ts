/** Every page: it is there, its policy refuses nothing, axe finds nothing serious, and it is fit to be looked at. */
import { expect, test } from "@playwright/test";
import { findsNothingSerious, open, troubles } from "./helpers";

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
  images: "/images",
  image: "/images →",
  "image-layers": "/images → ?tab=layers",
  account: "/account",
  keys: "/account?tab=keys",
};

const LISTS = ["vulnerabilities", "vulnerability-places", "hosts", "host-findings", "images", "image-findings"];

for (const [name, way] of Object.entries(PAGES)) {
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [1440, 390]) {
      test(`${name}, ${scheme}, ${width} wide`, async ({ page }) => {
        const noted = troubles(page);
        // A page of 25 rows tells as much as one of 50, and axe looks at each cell.
        await page.addInitScript((ids) => {
          for (const id of ids) {
            localStorage.setItem(`bulkhead.list.${id}`, JSON.stringify({ pageSize: 25 }));
          }
        }, LISTS);
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: width === 1440 ? 900 : 844 });
        const [list = "/", query] = way.split(" →");
        await open(page, list);
        if (query !== undefined) {
          const first = page.locator("main tbody a").first();
          await expect(first).toBeVisible();
          await open(page, `${await first.getAttribute("href")}${query.trim()}`);
        }
        await expect(page).toHaveTitle(/ · Bulkhead$/);
        await findsNothingSerious(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, "nothing is wider than the screen").toBeLessThanOrEqual(0);
        expect(noted).toEqual([]);
        if (PICTURES !== undefined) {
          await page.screenshot({ path: `${PICTURES}/${name}-${scheme}-${width}.png` });
        }
      });
    }
  }
}
