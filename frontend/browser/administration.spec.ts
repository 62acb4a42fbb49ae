/** What those do in the portal who run it: agents, people, registries, notifications, the policy, settings. */
import { expect, type Page, test } from "@playwright/test";
import { open } from "./helpers";

/** Names that no other run has made on the same server. */
const RUN = Date.now().toString(36);

/** The secret that is shown once. */
function shownOnce(page: Page) {
  return page.locator(".command code").first();
}

/** Chooses a role in the row that has none yet. */
async function chooseRole(page: Page, role: string): Promise<void> {
  await page.getByRole("button", { name: /Role.*Choose a role/ }).click();
  await page.getByRole("option", { name: new RegExp(role) }).click();
}

/** Agrees to what a dialog asks. */
async function agree(page: Page, question: string | RegExp, button: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(question)).toBeVisible();
  await dialog.getByRole("button", { name: button, exact: true }).click();
}

test("a token is made, the commands have it, and it is revoked", async ({ page }) => {
  await open(page, "/agents?tab=install");
  await page.getByLabel(/What it is for/).fill(`fleet ${RUN}`);
  await page.getByLabel(/Names of hosts/).fill("web-*\nwin-*");
  await page.getByRole("button", { name: "Make a token" }).click();
  const commands = page.getByRole("region", { name: "Run this on each host" });
  await expect(commands).toContainText(/bhe_[0-9a-f]+_[0-9a-f]+/);
  await expect(commands).toContainText("sudo bulkhead-agent enroll --server");
  await page.getByText("Windows", { exact: true }).click();
  await expect(commands).toContainText("bulkhead-agent.exe enroll --server");
  await expect(commands).toContainText("$env:BULKHEAD_ENROLMENT_TOKEN = 'bhe_");

  await page.getByRole("tab", { name: "Enrolment tokens" }).click();
  const row = page.getByRole("row", { name: new RegExp(`fleet ${RUN}`) });
  await expect(row).toContainText("web-*, win-*");
  await row.getByRole("button", { name: /Revoke/ }).click();
  await agree(page, `Revoke the enrolment token “fleet ${RUN}”?`, "Revoke");
  await expect(row).toContainText("Revoked");
});

test("somebody is invited, comes in, is changed by two at once, and is removed", async ({ page, browser, baseURL }) => {
  const login = `dora-${RUN}`;
  await open(page, "/access/invite");
  await chooseRole(page, "developer");
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const token = (await shownOnce(page).textContent()) ?? "";

  const stranger = await browser.newContext({ storageState: { cookies: [], origins: [] }, baseURL: baseURL ?? "" });
  const theirs = await stranger.newPage();
  await theirs.goto("/invitation");
  await theirs.getByLabel("Invitation").fill(token);
  await theirs.getByLabel("Login").fill(login);
  await theirs.getByLabel("Password", { exact: true }).fill("a password for the test");
  await theirs.getByLabel("Password once more").fill("a password for the test");
  await theirs.getByRole("button", { name: "Accept" }).click();
  await expect(theirs.getByText(/Welcome/)).toBeVisible();
  expect(theirs.url()).not.toContain(token.slice(0, 8));
  await stranger.close();

  await open(page, `/access/people/${login}`);
  await page.getByRole("button", { name: "Add a role" }).click();
  await chooseRole(page, "auditor");
  // Somebody else is quicker.
  const path = `/api/v1/people/${login}`;
  const now = await page.request.get(path);
  const other = await page.request.patch(path, {
    headers: { "bulkhead-csrf": "1", "if-match": now.headers()["etag"] ?? "" },
    data: { roles: [{ role: "operator" }] },
  });
  expect(other.status()).toBe(200);
  let changes = 0;
  page.on("request", (request) => {
    changes += request.method() === "PATCH" ? 1 : 0;
  });
  await page.getByRole("button", { name: "Save the roles" }).click();
  await expect(page.getByRole("alert")).toContainText("It changed meanwhile");
  await page.getByRole("button", { name: "Load what is there now" }).click();
  await expect(page.getByRole("button", { name: /Role operator/ })).toBeVisible();
  expect(changes, "what met another change is not sent again").toBe(1);

  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await agree(page, `Remove ${login} for good?`, "Remove");
  await expect(page.getByText(`${login} is removed.`)).toBeVisible();
});

test("a collection shows what is in it while it is written", async ({ page }) => {
  await open(page, "/access/new-collection");
  await page.getByLabel("Name", { exact: true }).fill(`Nothing ${RUN}`);
  await page.getByLabel(/^Names of hosts/).fill("no-such-host-*");
  await expect(page.getByText("Nothing is in it now.")).toBeVisible();
  await page.getByRole("button", { name: "Make a collection" }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Nothing ${RUN}` })).toBeVisible();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await agree(page, `Remove the collection “Nothing ${RUN}”?`, "Remove");
  await expect(page.getByText("The collection is removed.")).toBeVisible();
});

test("a registry is set up, its credentials are not shown, and it is removed", async ({ page }) => {
  await open(page, "/registries/new");
  await page.getByLabel("Name", { exact: true }).fill(`Registry ${RUN}`);
  await page.getByLabel("Address", { exact: true }).fill("registry.example.org");
  await page.getByLabel("Repositories", { exact: true }).fill("team/**");
  await page.getByRole("button", { name: /Credentials/ }).click();
  await page.getByRole("option", { name: "User and password" }).click();
  await page.getByLabel("User", { exact: true }).fill("robot");
  await page.getByLabel("Password", { exact: true }).fill("s3cret-of-the-test");
  await page.getByRole("button", { name: "Add a registry" }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Registry ${RUN}` })).toBeVisible();
  await page.getByRole("tab", { name: "Settings" }).click();
  await expect(page.getByText(/Set: User and password, robot/)).toBeVisible();
  expect(await page.content()).not.toContain("s3cret-of-the-test");
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await agree(page, `Remove the registry “Registry ${RUN}”?`, "Remove");
  await expect(page.getByText("The registry is removed.")).toBeVisible();
});

test("a channel shows its secret once, and another when it is rotated", async ({ page }) => {
  await open(page, "/notifications/new");
  await page.getByLabel("Channel", { exact: true }).fill(`Hook ${RUN}`);
  await page.getByLabel("Address", { exact: true }).fill("https://hooks.example.org/bulkhead");
  await page.getByRole("button", { name: "Add a channel" }).click();
  const first = (await shownOnce(page).textContent()) ?? "";
  expect(first).toMatch(/^whsec_/);
  await page.getByText("Done", { exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Hook ${RUN}` })).toBeVisible();
  expect(await page.content()).not.toContain(first);
  await page.getByRole("button", { name: "Rotate the secret" }).click();
  await agree(page, `Rotate the signing secret of “Hook ${RUN}”?`, "Rotate the secret");
  await expect(shownOnce(page)).toContainText("whsec_");
  await expect(shownOnce(page)).not.toHaveText(first);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await agree(page, `Remove the channel “Hook ${RUN}”?`, "Remove");
  await expect(page.getByText("The channel is removed.")).toBeVisible();
});

test("a policy that cannot be read is refused in its own words, and what was written stays", async ({ page }) => {
  await open(page, "/policies");
  const field = page.getByRole("textbox", { name: "The policy" });
  await field.fill("version = 1\nno_such_key = true\n");
  await page.getByRole("button", { name: "Set the policy" }).click();
  await expect(page.getByRole("alert").last()).toContainText("no_such_key");
  await expect(field).toHaveValue(/no_such_key/);
});

test("the audit log's chain is checked, and an entry shows what changed", async ({ page }) => {
  await open(page, "/access?tab=audit");
  await page.getByRole("button", { name: "Check the chain" }).click();
  await expect(page.getByText(/form a whole chain/)).toBeVisible();
  await page.locator("main tbody button").first().click();
  await expect(page.getByRole("dialog").getByText("Afterwards")).toBeVisible();
});
