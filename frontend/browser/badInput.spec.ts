/** What goes wrong: the server is away or refuses, the session ends, names are hostile. */
import { expect, test } from "@playwright/test";
import { open, refuse, troubles } from "./helpers";

const HOSTS = "**/api/v1/hosts?*";

test("a session that ends in the middle of work is renewed above the page, which keeps what was written", async ({
  page,
}) => {
  await open(page, "/account?tab=keys");
  await page.getByRole("button", { name: "Make a key" }).first().click();
  await page.getByLabel("What it is for").fill("written before it ended");
  let isOver = true;
  await page.route("**/api/v1/**", (route) => {
    if (new URL(route.request().url()).pathname === "/api/v1/session" && route.request().method() === "POST") {
      isOver = false;
    }
    return isOver ? refuse(route, 401, "unauthenticated", "Sign in first", "The session has ended.") : route.continue();
  });
  await page.getByRole("dialog").getByRole("button", { name: "Make a key" }).click();
  const again = page.getByRole("dialog").filter({ hasText: "Your session ended" });
  await expect(again).toBeVisible();
  await again.getByLabel("Password", { exact: true }).fill(process.env["PORTAL_PASSWORD"] ?? "");
  await again.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(again).toHaveCount(0);
  await expect(page.getByLabel("What it is for")).toHaveValue("written before it ended");
  expect(page.url()).toContain("/account?tab=keys");
});

test("a refusal names the permission that is missing, and under which number the log has it", async ({ page }) => {
  await page.route(HOSTS, (route) =>
    refuse(route, 403, "forbidden", "Your roles do not allow this", "It takes the permission `hosts.read`."),
  );
  await page.goto("/hosts");
  const alert = page.getByRole("alert").filter({ hasText: "You may not see this" });
  await expect(alert).toContainText("hosts.read");
  await expect(alert).toContainText("0123456789abcdef");
});

test("too many requests are waited for and sent again", async ({ page }) => {
  let asked = 0;
  await page.route(HOSTS, (route) => {
    asked += 1;
    return asked === 1
      ? refuse(route, 429, "too-many-requests", "Too many requests", "Wait.", { "retry-after": "1" })
      : route.continue();
  });
  await page.goto("/hosts");
  await expect(page.getByRole("heading", { name: "Hosts", level: 1 })).toBeVisible();
  await expect.poll(() => asked).toBeGreaterThan(1);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a server that is away is said above the page, and found again", async ({ page }) => {
  await open(page, "/hosts");
  await page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(page.getByText("The server does not answer").first()).toBeVisible();
  // What was there stays.
  await expect(page.getByRole("heading", { name: "Hosts", level: 1 })).toBeVisible();
  await page.unroute("**/api/**");
  await expect(page.getByText("The server does not answer")).toHaveCount(0, { timeout: 40_000 });
});

test("a mistake of the server is told with its number", async ({ page }) => {
  await page.route(HOSTS, (route) =>
    refuse(route, 500, "internal", "Something went wrong here", "A mistake of the service."),
  );
  await page.goto("/hosts");
  await expect(page.getByRole("alert").filter({ hasText: "Something went wrong here" })).toContainText(
    "0123456789abcdef",
  );
});

test("hostile names are text and nothing else", async ({ page }) => {
  const noted = troubles(page);
  const names = [
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "harmless\u202Egnp.exe",
    "שלום עולם",
    "x".repeat(10_000),
    "javascript:alert(3)",
  ];
  await page.route(HOSTS, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const row = body.hosts[0] ?? {
      os: null,
      standing: { counts: {}, coverage: "partial", packages: 0, facts: {} },
    };
    const hosts = names.map((name, index) => ({ ...row, id: `h-${index}`, name, os: name }));
    await route.fulfill({ response: answer, json: { ...body, hosts, total: hosts.length } });
  });
  page.on("dialog", () => noted.push("a script ran"));
  await open(page, "/hosts");
  await expect(page.getByText("<img src=x onerror=alert(1)>").first()).toBeVisible();
  await expect(page.getByText("harmless‹U+202E›gnp.exe").first()).toBeVisible();
  await expect(page.locator("main img[src=x]")).toHaveCount(0);
  expect(await page.locator("main bdi").count()).toBeGreaterThan(5);
  await page.getByRole("button", { name: "Show all" }).first().click();
  await expect(page.getByRole("dialog").locator("bdi")).toHaveText("x".repeat(10_000));
  expect(noted).toEqual([]);
});

test("an address that leads nowhere says so", async ({ page }) => {
  await open(page, "/no/such/page");
  await expect(page.getByRole("heading", { name: "No such page" })).toBeVisible();
  await page.goto("/hosts/h-of-nobody");
  await expect(page.getByRole("alert").filter({ hasText: "There is no such thing here" })).toBeVisible();
});
