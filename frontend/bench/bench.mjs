/**
 * How fast the portal is and whether everybody can use it, each as a ratio to its limit: a ratio over 1 is over the limit, and ends
 * with exit code 1. Lighthouse judges the main pages as a desktop loads them; beside it the first page is loaded, with nothing kept, by
 * a processor that is slowed down four times, until what it is for can be seen. `infra/dev/browser.sh bench` starts the server.
 *
 *   PORTAL, PORTAL_LOGIN, PORTAL_ONE_TIME, PORTAL_PASSWORD   as for the tests: see playwright.config.ts
 *   CHROMIUM      the browser [/usr/bin/chromium]
 *   BENCH_RUNS    loads of each page, of which the median counts [3]
 */
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { gzipSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import desktop from "lighthouse/core/config/desktop-config.js";

const { PORTAL = "", PORTAL_LOGIN = "admin", PORTAL_ONE_TIME, PORTAL_PASSWORD = "" } = process.env;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const RUNS = Number(process.env.BENCH_RUNS ?? 3);

const LEAST_PERFORMANCE = 90;
const LEAST_ACCESSIBILITY = 95;
const MOST_USABLE_MS = 1500;
const MOST_SCRIPT_BYTES = 350_000;
const SLOWDOWN = 4;
/** What the first page is for: a table of what to do first. */
const CONTENT = "main tbody a";

const say = (line) => process.stdout.write(`${line}\n`);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Sends a question as the portal does, and gives the answer with the cookies that it sets. */
async function ask(method, path, body, cookie) {
  const headers = {
    "bulkhead-csrf": "1",
    ...(cookie && { cookie }),
    ...(body && { "content-type": "application/json" }),
  };
  const answer = await fetch(PORTAL + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) {
    throw new Error(`${method} ${path} was answered by ${answer.status}: ${await answer.text()}`);
  }
  const set = answer.headers.getSetCookie().map((one) => one.split(";")[0]);
  return { body: answer.status === 204 ? undefined : await answer.json(), cookie: set.join("; ") };
}

/** Signs in, for the first time where there is a one-time password, and gives the cookie. */
async function signIn() {
  const session = (password) => ask("POST", "/api/v1/session", { login: PORTAL_LOGIN, password, cookie: true });
  if (PORTAL_ONE_TIME !== undefined) {
    const { cookie } = await session(PORTAL_ONE_TIME);
    await ask("POST", "/api/v1/session/password", { current: PORTAL_ONE_TIME, new: PORTAL_PASSWORD }, cookie);
  }
  return (await session(PORTAL_PASSWORD)).cookie;
}

/** Waits until no more is judged, and gives the vulnerability with the highest risk. */
async function judged(cookie) {
  let before = -1;
  for (let tries = 0; tries < 60; tries += 1) {
    const { total, vulnerabilities } = (await ask("GET", "/api/v1/vulnerabilities?limit=1", undefined, cookie)).body;
    if (total > 0 && total === before) {
      return vulnerabilities[0].id;
    }
    before = total;
    await new Promise((later) => setTimeout(later, 5000));
  }
  throw new Error("nothing was judged within five minutes");
}

/** Scores of a page by Lighthouse, 0 to 100. */
async function scores(path, cookie) {
  const chrome = await launch({ chromePath: CHROMIUM, chromeFlags: ["--headless=new", "--no-sandbox"] });
  try {
    const flags = { port: chrome.port, extraHeaders: { cookie }, onlyCategories: ["performance", "accessibility"] };
    const { lhr } = await lighthouse(PORTAL + path, { ...flags, logLevel: "silent" }, desktop);
    if (lhr.runtimeError) {
      throw new Error(`${path}: ${lhr.runtimeError.message}`);
    }
    if (new URL(lhr.finalDisplayedUrl).pathname !== path) {
      throw new Error(`${path} led to ${lhr.finalDisplayedUrl}`);
    }
    const of = (name) => Math.round((lhr.categories[name].score ?? 0) * 100);
    return { performance: of("performance"), accessibility: of("accessibility") };
  } finally {
    await chrome.kill();
  }
}

/** After how many milliseconds a page shows what it is for, on a slow processor, and which scripts it loaded by then. */
async function usable(path, cookie) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ baseURL: PORTAL, viewport: { width: 1440, height: 900 } });
    const [name, ...value] = cookie.split("=");
    await page.context().addCookies([{ name, value: value.join("="), url: PORTAL }]);
    const protocol = await page.context().newCDPSession(page);
    await protocol.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    await page.addInitScript((content) => {
      const looking = new MutationObserver(() => {
        if (document.querySelector("main h1") && document.querySelector(content)) {
          looking.disconnect();
          // Once it is drawn, too.
          requestAnimationFrame(() => setTimeout(() => performance.mark("usable")));
        }
      });
      looking.observe(document, { subtree: true, childList: true });
    }, CONTENT);
    await page.goto(path);
    await page.waitForFunction(() => performance.getEntriesByName("usable").length > 0);
    return await page.evaluate(() => ({
      ms: performance.getEntriesByName("usable")[0].startTime,
      scripts: performance
        .getEntriesByType("resource")
        .map(({ name: address }) => new URL(address).pathname)
        .filter((address) => address.endsWith(".js")),
    }));
  } finally {
    await browser.close();
  }
}

const cookie = await signIn();
const first = await judged(cookie);
const pages = {
  Overview: "/",
  Vulnerabilities: "/vulnerabilities",
  "one vulnerability": `/vulnerabilities/${encodeURIComponent(first)}`,
  Images: "/images",
  Hosts: "/hosts",
};
const rows = [];
/** `ratio` is over 1 where it is worse than the limit. */
const row = (what, value, limit, ratio) => rows.push({ what, value, limit, ratio });

for (const [name, path] of Object.entries(pages)) {
  const loads = [];
  const judgements = [];
  for (let run = 0; run < RUNS; run += 1) {
    if (path === "/") {
      loads.push(await usable(path, cookie));
    }
    judgements.push(await scores(path, cookie));
  }
  const performance = median(judgements.map((one) => one.performance));
  const accessibility = median(judgements.map((one) => one.accessibility));
  row(`${name}: performance`, `${performance}`, `>= ${LEAST_PERFORMANCE}`, LEAST_PERFORMANCE / performance);
  row(`${name}: accessibility`, `${accessibility}`, `>= ${LEAST_ACCESSIBILITY}`, LEAST_ACCESSIBILITY / accessibility);
  if (path === "/") {
    const ms = median(loads.map((one) => one.ms));
    row(`${name}: usable, ${SLOWDOWN} × slower`, `${ms.toFixed(0)} ms`, `< ${MOST_USABLE_MS} ms`, ms / MOST_USABLE_MS);
    const packed = (script) => gzipSync(readFileSync(new URL(`../dist${script}`, import.meta.url))).length;
    const bytes = [...new Set(loads[0].scripts)].reduce((sum, script) => sum + packed(script), 0);
    const kb = (n) => `${(n / 1000).toFixed(0)} KB`;
    row(`${name}: scripts, packed`, kb(bytes), `< ${kb(MOST_SCRIPT_BYTES)}`, bytes / MOST_SCRIPT_BYTES);
  }
}

const widths = ["what", "value", "limit"].map((key) => Math.max(...rows.map((one) => one[key].length)));
say(`median of ${RUNS}; the load of this machine is ${loadavg()[0].toFixed(1)}`);
for (const { what, value, limit, ratio } of rows) {
  const over = ratio > 1 ? "  OVER" : "";
  say(
    `${what.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${limit.padStart(widths[2])}  ${ratio.toFixed(2)}${over}`,
  );
}
process.exitCode = rows.some(({ ratio }) => ratio > 1) ? 1 : 0;
