/** What is sent once more carries the same key, and what was changed meanwhile another. */
import { expect, test } from "vitest";
import { Keys, newKey, tagged } from "./changes";

test("keys follow from what is sent", () => {
  const keys = new Keys();
  const first = keys.of({ note: "fleet" });
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(keys.of({ note: "fleet" })).toBe(first);
  const second = keys.of({ note: "fleet of web" });
  expect(second).not.toBe(first);
  expect(keys.of({ note: "fleet of web" })).toBe(second);
  expect(newKey()).not.toBe(newKey());
});

test("an answer comes with the name of its state, and a problem as an error", async () => {
  const good = new Response(null, { headers: { etag: '"7"' } });
  expect(await tagged(Promise.resolve({ data: { name: "ci" }, response: good }))).toEqual({
    data: { name: "ci" },
    etag: '"7"',
  });
  const bad = new Response(null, { status: 404 });
  const problem = { type: "/problems/not-found", title: "There is no such thing", status: 404 };
  await expect(tagged(Promise.resolve({ error: problem, response: bad }))).rejects.toMatchObject({ problem });
});
