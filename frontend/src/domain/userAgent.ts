/** What a browser calls itself, in the two words that people know it by. */

/** In the order in which they are looked for: each also names the ones after it. */
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\//, "Safari"],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\bWindows\b/, "Windows"],
  [/\b(?:iPhone|iPad)\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** Browser and system; `undefined` where it is none that is known here. It is only what something says of itself. */
export function browserOf(text: string): { browser: string; system: string } | undefined {
  const system = SYSTEMS.find(([mark]) => mark.test(text))?.[1];
  for (const [mark, name] of BROWSERS) {
    const version = mark.exec(text)?.[1];
    if (version !== undefined && system !== undefined) {
      return { browser: `${name} ${version}`, system };
    }
  }
  return undefined;
}
