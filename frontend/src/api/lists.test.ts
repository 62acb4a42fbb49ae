/** Lists as lines, over real HTTP: whole although answers end early, and never taken for whole when they are not. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { CutShort, everyRow, type ListSource, listAt, pageOf, someRows } from "./lists";
import { problemIn, Unreachable } from "./portal";
import { sendsAgain, waits } from "./queries";

let server: Server | undefined;

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
  const its = createServer(answer);
  server = its;
  await new Promise<void>((listening) => its.listen(0, "127.0.0.1", listening));
  vi.stubGlobal("location", { origin: `http://127.0.0.1:${(its.address() as AddressInfo).port}` });
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  vi.unstubAllGlobals();
});

const SOURCE: ListSource<{ id: number }> = { address: "/api/v1/things", rows: () => [] };

async function all(source = SOURCE): Promise<number[]> {
  const ids: number[] = [];
  for await (const { row } of everyRow(source, { severity: "high" })) {
    ids.push(row.id);
  }
  return ids;
}

test("a list that has to end early goes on where it ended, with the same filters", async () => {
  const asked: string[] = [];
  await serve((request, response) => {
    asked.push(`${request.headers.accept} ${request.url}`);
    const isFirst = !request.url?.includes("cursor");
    response.setHeader("content-type", "application/x-ndjson");
    response.end(isFirst ? '{"id":1}\n{"id":2}\n{"next_cursor":"abc"}\n' : '{"id":3}\n');
  });
  expect(await all()).toEqual([1, 2, 3]);
  expect(asked).toEqual([
    "application/x-ndjson /api/v1/things?severity=high",
    "application/x-ndjson /api/v1/things?severity=high&cursor=abc",
  ]);
});

test("a list that broke off by a problem is not whole", async () => {
  await serve((_, response) => response.end('{"id":1}\n{"next_cursor":"abc","problem":{"detail":"It is gone."}}\n'));
  await expect(all()).rejects.toThrow(new CutShort("It is gone."));
});

test("a connection that broke in the middle is no end", async () => {
  await serve((_, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"id":1}\n');
    setTimeout(() => response.destroy(), 20);
  });
  await expect(all()).rejects.toBeInstanceOf(Unreachable);
});

test("a refusal is the server's problem, also where a proxy answered in HTML", async () => {
  await serve((request, response) => {
    const isProxy = request.url?.includes("proxy");
    response.writeHead(isProxy ? 502 : 403, { "content-type": isProxy ? "text/html" : "application/problem+json" });
    response.end(
      isProxy ? "<html>" : '{"type":"/problems/forbidden","title":"No","status":403,"detail":"It takes `x.read`."}',
    );
  });
  const failed = async (source: ListSource<{ id: number }>) =>
    pageOf(source, {}, 10, undefined).catch((error: unknown) => error);
  expect(problemIn(await failed(SOURCE))?.problem.type).toBe("/problems/forbidden");
  expect(problemIn(await failed({ ...SOURCE, address: "/proxy" }))?.problem).toMatchObject({
    type: "about:blank",
    status: 502,
  });
});

test("ids are parts of an address and nothing more", () => {
  const source = listAt("/api/v1/images/{id}/findings", (page) => page.findings, { id: "../hosts?x=1#" });
  expect(source.address).toBe("/api/v1/images/..%2Fhosts%3Fx%3D1%23/findings");
});

test("what passes by itself is sent again after as long as the server says", async () => {
  await serve((_, response) => {
    response.writeHead(429, { "content-type": "application/problem+json", "retry-after": "3" });
    response.end('{"type":"/problems/too-many-requests","title":"Wait","status":429}');
  });
  const error: unknown = await pageOf(SOURCE, {}, 10, undefined).catch((found: unknown) => found);
  expect(sendsAgain(0, error)).toBe(true);
  expect(sendsAgain(2, error)).toBe(false);
  expect(waits(0, error)).toBe(3000);
  expect(sendsAgain(0, new Error("a mistake"))).toBe(false);
});

test("a list is read page by page until there is enough of it, and says whether it is whole", async () => {
  await serve((request, response) => {
    const cursor = Number(new URL(request.url ?? "", "http://x").searchParams.get("cursor") ?? 0);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ things: [cursor, cursor + 1], next_cursor: cursor < 4 ? String(cursor + 2) : null }));
  });
  const source: ListSource<number, { things?: number[]; next_cursor?: string | null }> = {
    address: "/api/v1/things",
    rows: (page) => page.things ?? [],
  };
  const told: number[] = [];
  const whole = await someRows(source, 100, (rows) => told.push(rows));
  expect(whole.rows).toEqual([0, 1, 2, 3, 4, 5]);
  expect(whole.isCut).toBe(false);
  expect(told).toEqual([2, 4, 6]);
  expect((await someRows(source, 3, () => undefined)).rows).toEqual([0, 1, 2]);
  expect((await someRows(source, 3, () => undefined)).isCut).toBe(true);
  expect((await someRows(source, 4, () => undefined)).isCut).toBe(true);
  expect((await someRows(source, 6, () => undefined)).isCut).toBe(false);
});
