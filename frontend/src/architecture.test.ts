/** The rules of this folder: who may import whom, how long a module is, and that each says what it is. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SRC = resolve("src");
/** Most lines of a module. */
const MOST_LINES = 400;

interface Module {
  path: string;
  text: string;
  imports: string[];
}

const modules: Module[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && path !== join("api", "schema.d.ts"))
  .map((path) => {
    const text = readFileSync(join(SRC, path), "utf8");
    const found = text.matchAll(/(?:from\s+|import\(|import\s+)"(\.[^"]+)"/g);
    const imports = [...found].map((one) => relative(SRC, resolve(SRC, path, "..", one[1] ?? "")));
    return { path, text, imports };
  });

const room = (path: string): string => path.split("/")[0] ?? "";
const feature = (path: string): string | undefined => (room(path) === "features" ? path.split("/")[1] : undefined);

/** Which rooms a room may import. */
const ARROWS: Record<string, readonly string[]> = {
  domain: ["domain"],
  texts: ["texts", "domain"],
  api: ["api", "domain"],
  components: ["components", "api", "domain", "texts"],
  features: ["features", "components", "api", "domain", "texts"],
};

test("rooms import only what they may", () => {
  const forbidden = modules.flatMap(({ path, imports }) => {
    const allowed = ARROWS[room(path)];
    return allowed === undefined
      ? []
      : imports.filter((to) => !allowed.includes(room(to))).map((to) => `${path} → ${to}`);
  });
  expect(forbidden).toEqual([]);
});

test("no feature imports another", () => {
  const forbidden = modules.flatMap(({ path, imports }) => {
    const own = feature(path);
    return own === undefined ? [] : imports.filter((to) => (feature(to) ?? own) !== own).map((to) => `${path} → ${to}`);
  });
  expect(forbidden).toEqual([]);
});

test("each module says what it is, and is short enough to be read", () => {
  expect(modules.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path)).toEqual([]);
  expect(modules.filter(({ text }) => text.split("\n").length > MOST_LINES).map(({ path }) => path)).toEqual([]);
});

test("nothing of a session is kept by the browser's scripts, and no markup is made of texts", () => {
  const keepers = modules.filter(({ text }) => /\b(local|session)Storage\b/.test(text)).map(({ path }) => path);
  expect(keepers.filter((path) => path !== "architecture.test.ts")).toEqual([join("components", "kept.ts")]);
  const makers = modules.filter(({ text }) =>
    /dangerouslySetInnerHTML|\.innerHTML|insertAdjacentHTML|document\.write/.test(text),
  );
  expect(makers.map(({ path }) => path).filter((path) => path !== "architecture.test.ts")).toEqual([]);
});
