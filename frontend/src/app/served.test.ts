/** What the distribution of infra/template.yaml answers addresses of the portal by. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CSP } from "../../csp";
import { AREAS } from "./areas";

const template = readFileSync("../infra/template.yaml", "utf8");

/** The function that stands in the template. */
function rewritten(uri: string): string {
  const [, indented = ""] = /FunctionCode: \|\n((?: {8}.*\n)+)/.exec(template) ?? [];
  const handler = new Function(`${indented}; return handler;`)();
  return handler({ request: { uri } }).uri;
}

test("every page is the portal's page, and files are files", () => {
  const pages = AREAS.flatMap(({ routes }) => routes.map(({ path = "" }) => `/${path.replace(/:\w+/g, "a.b:c")}`));
  expect(pages.length).toBeGreaterThan(10);
  for (const page of [...pages, "/hosts/web-1.example.org", "/no/such/page.js"]) {
    expect(rewritten(page), page).toBe("/index.html");
  }
  for (const file of ["/assets/index-1.js", "/assets/font-1.woff2", "/bulkhead.svg", "/index.html"]) {
    expect(rewritten(file), file).toBe(file);
  }
});

test("pages run under the very policy that they are tried with", () => {
  const [, policy = ""] = /ContentSecurityPolicy: >-\n((?: {14}.*\n)+)/.exec(template) ?? [];
  expect(policy.trim().replace(/\s*\n\s*/g, " ")).toBe(CSP);
});
