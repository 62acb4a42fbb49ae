/**
 * What all pages are made of, as people meet it.
 * @vitest-environment happy-dom
 */
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import { ApiProblem } from "../api/client";
import { Unreachable } from "../api/portal";
import type { Schema } from "../api/types";
import { Factors } from "./Factors";
import { Outside } from "./Outside";
import { ProblemAlert } from "./Problem";
import { Fix } from "./place/Fix";
import { ScoreBar, SeverityBadge, SeverityCounts } from "./Severity";
import { To } from "./To";

afterEach(cleanup);

function problem(status: number, type: string, detail: string, headers: Record<string, string> = {}): ApiProblem {
  const body = { type: `/problems/${type}`, title: "The kind", status, detail, request_id: "abc123" };
  return new ApiProblem(body, new Response(null, { status, headers }));
}

test("markup in a name is text, in a place of its own direction", () => {
  const { container } = render(<Outside text={"<b>x</b>\u202Egnp"} />);
  const shown = container.querySelector("bdi");
  expect(shown?.textContent).toBe("<b>x</b>‹U+202E›gnp");
  expect(container.querySelector("b")).toBeNull();
});

test("a name of ten thousand characters is cut, and can be read whole", () => {
  const { container } = render(<Outside text={"y".repeat(10_000)} />);
  expect(container.querySelector("bdi")?.textContent).toBe(`${"y".repeat(200)}…`);
  fireEvent.click(screen.getByText("Show all"));
  const whole = [...document.querySelectorAll("bdi")].map((one) => one.textContent?.length);
  expect(whole).toContain(10_000);
});

test("in a link nothing else can be pressed", () => {
  const { container } = render(
    <MemoryRouter>
      <To href="/hosts/h-1">
        <Outside text={"y".repeat(10_000)} />
      </To>
    </MemoryRouter>,
  );
  expect(container.querySelector("a")?.textContent).toBe(`${"y".repeat(200)}…`);
  expect(container.querySelector("a button")).toBeNull();
});

test("a refusal names the permission", () => {
  render(<ProblemAlert error={problem(403, "forbidden", "It takes the permission `audit.read`.")} />);
  expect(screen.getByText("You may not see this")).toBeTruthy();
  expect(screen.getByText(/It takes the permission audit\.read\. Somebody who manages people/)).toBeTruthy();
  expect(screen.getByText("abc123")).toBeTruthy();
});

test("a change that met another offers what is there now, and nothing else", () => {
  const reload = vi.fn();
  const retry = vi.fn();
  render(
    <ProblemAlert
      error={problem(412, "precondition-failed", "It has another state.")}
      onRetry={retry}
      onReload={reload}
    />,
  );
  expect(screen.getByText("It changed meanwhile")).toBeTruthy();
  fireEvent.click(screen.getByText("Load what is there now"));
  expect(reload).toHaveBeenCalledOnce();
  expect(screen.queryByText("Try again")).toBeNull();
});

test("who asks too much is told for how long to wait", () => {
  render(<ProblemAlert error={problem(429, "too-many-attempts", "Too often.", { "retry-after": "90" })} />);
  expect(screen.getByText("Too many requests at once. Try again in 90 s.")).toBeTruthy();
});

test("a server that is away is said in words", () => {
  render(<ProblemAlert error={new Unreachable("fetch failed")} />);
  expect(screen.getByText("The server does not answer")).toBeTruthy();
});

test("what to do is said by the vendor's update, or that there is none", () => {
  const finding: Schema<"Finding"> = {
    vulnerability: "CVE-2024-38063",
    package: "Windows Server 2022",
    installed_version: "10.0.20348.2527",
    fixed_version: "10.0.20348.2655",
    kb: "KB5041160",
    fix_at: "host",
    severity: "critical",
    kev: true,
    status: "fixed",
    evidence: {
      comparison: "10.0.20348.2527 < 10.0.20348.2655",
      ecosystem: { name: "windows" },
      matched_name: "Windows",
      matched_version: "10.0.20348.2527",
      source: { feed: "msrc-cvrf", document: "2024-Aug" },
    },
  };
  const { container, rerender } = render(<Fix finding={finding} />);
  expect(container.textContent).toBe("Install KB5041160 (10.0.20348.2655) · Fixed on the host");
  rerender(<Fix finding={{ ...finding, kb: null, fix_at: null }} />);
  expect(container.textContent).toBe("Update to 10.0.20348.2655");
  rerender(<Fix finding={{ ...finding, kb: null, fixed_version: null, status: "will_not_fix" }} />);
  expect(container.textContent).toBe("The vendor will not fix it");
  rerender(<Fix finding={{ ...finding, kb: null, fixed_version: null, status: "open" }} />);
  expect(container.textContent).toBe("There is no fix yet");
});

test("severities, scores and counts are read out, too", () => {
  const { container } = render(
    <>
      <SeverityBadge severity="of-tomorrow" />
      <ScoreBar score={null} />
      <ScoreBar score={47.36} />
      <SeverityCounts counts={{ critical: 2, high: 0, unknown: 1 }} />
    </>,
  );
  expect(container.textContent).toContain("Not rated");
  expect(container.textContent).toContain("No score: nothing was found, or nothing was judged");
  expect(container.textContent).toContain("47.4");
  expect(container.textContent).toContain("Critical: 2");
  expect(container.textContent).not.toContain("High:");
});

test("of many factors a row shows the first, and the rest to whoever asks, also by the keyboard", () => {
  const all = ["known_exploited", "declared", "root", "privileged"] as const;
  const { rerender } = render(<Factors factors={all} most={2} />);
  expect(screen.queryByText("Runs as root")).toBeNull();
  const more = screen.getByRole("button", { name: /2 more factors/ });
  fireEvent.click(more);
  expect(screen.getByText("Runs as root")).toBeTruthy();
  expect(screen.getByText("Privileged")).toBeTruthy();
  rerender(<Factors factors={all} />);
  expect(screen.queryByRole("button")).toBeNull();
});
