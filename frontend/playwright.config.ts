/**
 * Tests of the portal in a real browser against a real server. `infra/dev/browser.sh` starts both and says where they are:
 * PORTAL is the portal's address, PORTAL_LOGIN and PORTAL_PASSWORD somebody who may everything,
 * PORTAL_ONE_TIME the password that they have until the first test sets that one.
 */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "browser",
  outputDir: "test-results",
  // The server is one, and so is its estate: what a test changes is its own.
  workers: 2,
  fullyParallel: true,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env["PORTAL"] ?? "http://127.0.0.1:4173",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      // Tests run as root in containers, where Chromium has no sandbox of its own.
      args: ["--no-sandbox"],
    },
    viewport: { width: 1440, height: 900 },
    storageState: "test-results/signed-in.json",
  },
  projects: [
    { name: "signing in", testMatch: "signIn.setup.ts", use: { storageState: { cookies: [], origins: [] } } },
    { name: "portal", testMatch: "*.spec.ts", dependencies: ["signing in"] },
  ],
});
