/** Texts that come from outside: names of images and hosts, versions, problems. They are shown as text, whatever is in them. */

/** Most characters of such a text that are shown at once. */
export const SHOWN = 200;

/**
 * What has no shape of its own and changes how its neighbours are read: controls, marks that turn the direction of writing,
 * and those of no width. (Unicode Standard Annex 9, table 1; General_Category Cc.)
 */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A text whose unseen characters can be seen, as `‹U+202E›`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (found) => {
    const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `‹U+${code}›`;
  });
}

/** The beginning of a text, cut between characters and not within one, and whether anything is missing. */
export function cut(text: string, most: number = SHOWN): { shown: string; isCut: boolean } {
  if (text.length <= most) {
    return { shown: text, isCut: false };
  }
  const shown = Array.from(text.slice(0, most * 2 + 1))
    .slice(0, most)
    .join("");
  return { shown, isCut: shown.length < text.length };
}

/** A digest as people tell them apart: `sha256:1234abcd5678`. Anything else stays as it is. */
export function shortDigest(digest: string): string {
  const found = /^(sha256:[0-9a-f]{12})[0-9a-f]{52}$/.exec(digest);
  return found?.[1] ?? digest;
}

/** An address that a document names, where it leads to a page: nothing but `https` and `http`. */
export function pageAddress(address: string | null | undefined): string | undefined {
  if (address === null || address === undefined || !URL.canParse(address)) {
    return undefined;
  }
  const { protocol } = new URL(address);
  return protocol === "https:" || protocol === "http:" ? address : undefined;
}
