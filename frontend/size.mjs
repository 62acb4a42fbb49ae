/**
 * Says how much JavaScript and style the first page loads, compressed, and fails where it is more than a laptop on a poor line
 * should wait for. Read from the manifest of `vite build`. usage: node size.mjs
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** Most bytes of JavaScript, compressed, that the frame and the overview take. */
const MOST_SCRIPT = 350_000;
/** The same of style sheets. */
const MOST_STYLE = 120_000;
/** What the first page is made of. */
const FIRST = ["index.html", "src/features/overview/OverviewPage.tsx"];

const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const files = new Set();
const seen = new Set();
const take = (key) => {
  if (seen.has(key)) {
    return;
  }
  seen.add(key);
  const chunk = manifest[key];
  if (chunk === undefined) {
    throw new Error(`the manifest has no ${key}`);
  }
  files.add(chunk.file);
  for (const style of chunk.css ?? []) {
    files.add(style);
  }
  for (const other of chunk.imports ?? []) {
    take(other);
  }
};
FIRST.forEach(take);
const bytes = (ending) =>
  [...files]
    .filter((file) => file.endsWith(ending))
    .reduce((sum, file) => sum + gzipSync(readFileSync(`dist/${file}`)).length, 0);
const script = bytes(".js");
const style = bytes(".css");
const kb = (n) => `${(n / 1000).toFixed(0)} KB`;
process.stdout.write(
  `first page: ${kb(script)} of scripts (at most ${kb(MOST_SCRIPT)}), ${kb(style)} of styles (at most ${kb(MOST_STYLE)}), compressed\n`,
);
if (script > MOST_SCRIPT || style > MOST_STYLE) {
  process.exitCode = 1;
}
