/**
 * What is asked of a list, as it stands in the page's address: the very parameters of the API, so that a link to a list is also
 * what a script asks. Filters of a list come from schemas/lists.md.
 */

/** One thing that a list can be asked for. */
export interface ListFilter {
  /** The parameter of the API. */
  key: string;
  /** What people call it. */
  label: string;
  /** `words`: one or several of a few; `yesno`; `moment`: a date and time; `text`: any. */
  kind: "words" | "yesno" | "moment" | "text";
  /** The words, with what people call them. */
  words?: readonly { word: string; label: string }[];
  /** Whether several words can be asked for at once, separated by commas. */
  several?: boolean;
}

/** What is asked of a list. */
export type ListQuery = Readonly<Record<string, string>>;

/** Parameters that are no filters. */
const OTHERS = ["search", "sort"] as const;
/** Longest value that is taken from an address. */
const MAX_LENGTH = 512;

/** What an address asks of a list. What the list does not know is left out: an address is anybody's to write. */
export function listQueryOf(
  params: URLSearchParams,
  filters: readonly ListFilter[],
  sorts: readonly string[],
): ListQuery {
  const query: Record<string, string> = {};
  for (const filter of filters) {
    const value = wellFormed(params.get(filter.key), filter);
    if (value !== undefined) {
      query[filter.key] = value;
    }
  }
  const search = params.get("search")?.slice(0, MAX_LENGTH).trim();
  if (search) {
    query["search"] = search;
  }
  const sort = params.get("sort");
  if (sort !== null && sorts.includes(sort)) {
    query["sort"] = sort;
  }
  return query;
}

function wellFormed(value: string | null, filter: ListFilter): string | undefined {
  if (value === null || value === "") {
    return undefined;
  }
  if (filter.kind === "text") {
    return value.slice(0, MAX_LENGTH);
  }
  if (filter.kind === "moment") {
    // Also a day as people write it; the API wants the moment.
    const at = value.length > MAX_LENGTH ? Number.NaN : Date.parse(value);
    return Number.isNaN(at) ? undefined : new Date(at).toISOString();
  }
  const known = filter.kind === "yesno" ? ["true", "false"] : (filter.words ?? []).map(({ word }) => word);
  const words = value.split(",").filter((word) => known.includes(word));
  const wanted = filter.several ? words : words.slice(0, 1);
  return wanted.length === 0 ? undefined : wanted.join(",");
}

/** The address of what is asked, keeping what else stands in the address now. */
export function withListQuery(
  params: URLSearchParams,
  filters: readonly ListFilter[],
  query: ListQuery,
): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const key of [...filters.map((filter) => filter.key), ...OTHERS]) {
    next.delete(key);
  }
  for (const [key, value] of Object.entries(query)) {
    if (value !== "") {
      next.set(key, value);
    }
  }
  return next;
}

/** A filter in force, as the filter's bar shows it. */
export interface FilterToken {
  /** The filter's key; absent for the text that is sought. */
  key: string | undefined;
  values: string[];
}

/** The filters in force. */
export function tokensOf(query: ListQuery, filters: readonly ListFilter[]): FilterToken[] {
  const tokens: FilterToken[] = [];
  for (const filter of filters) {
    const value = query[filter.key];
    if (value !== undefined) {
      tokens.push({ key: filter.key, values: filter.several ? value.split(",") : [value] });
    }
  }
  if (query["search"] !== undefined) {
    tokens.push({ key: undefined, values: [query["search"]] });
  }
  return tokens;
}

/** What is asked with these filters in force. Of a filter that takes one word the last counts, and so of the text. */
export function queryOf(tokens: readonly FilterToken[], filters: readonly ListFilter[], sort?: string): ListQuery {
  const params = new URLSearchParams();
  for (const token of tokens) {
    const filter = filters.find(({ key }) => key === token.key);
    if (token.key === undefined) {
      params.set("search", token.values.join(" "));
    } else if (filter?.several) {
      const before = params.get(filter.key)?.split(",") ?? [];
      params.set(filter.key, [...new Set([...before, ...token.values])].join(","));
    } else if (filter !== undefined) {
      params.set(filter.key, wordOf(filter, token.values.at(-1) ?? ""));
    }
  }
  const query: Record<string, string> = { ...listQueryOf(params, filters, []) };
  if (sort !== undefined) {
    query["sort"] = sort;
  }
  return query;
}

/** A word, also where what people call it was typed. */
function wordOf(filter: ListFilter, typed: string): string {
  const found = filter.words?.find(({ label }) => label.toLowerCase() === typed.toLowerCase());
  return found?.word ?? typed;
}
