/** Lists of the API, page by page, whole, and as lines. */

import { brokenOff, Lines } from "../domain/lines";
import type { ListQuery } from "../domain/listQuery";
import { get, Unreachable } from "./portal";
import type { AnyPage, ListPath, PageOf } from "./types";

/** A list of the API: where it is and where its rows are. */
export interface ListSource<Row, Page extends AnyPage = AnyPage> {
  /** Its address. */
  address: string;
  /** The rows of a page. */
  rows(page: Page): readonly Row[];
}

/** The list at a path; `within` fills the braces of the path. */
export function listAt<P extends ListPath, Row>(
  path: P,
  rows: (page: PageOf<P>) => readonly Row[],
  within: Readonly<Record<string, string>> = {},
): ListSource<Row, PageOf<P>> {
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(within[name] ?? ""));
  return { address, rows };
}

/** The address of a list with what is asked of it. */
export function addressOf(
  source: { address: string },
  query: ListQuery,
  more: Readonly<Record<string, string>> = {},
): string {
  const params = new URLSearchParams({ ...query, ...more });
  const text = params.toString();
  // A list of one thing's may have what it is of in its address.
  return text === "" ? source.address : `${source.address}${source.address.includes("?") ? "&" : "?"}${text}`;
}

/** One page of a list. */
export async function pageOf<Row, Page extends AnyPage>(
  source: ListSource<Row, Page>,
  query: ListQuery,
  limit: number,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<Page> {
  const more: Record<string, string> = { limit: String(limit) };
  if (cursor !== undefined) {
    more["cursor"] = cursor;
  }
  const response = await get(addressOf(source, query, more), "application/json", signal);
  // The one place where an answer is believed to be of the type that the description gives its path.
  return (await response.json()) as Page;
}

/** The first rows of a list, as many as somebody wanted at most. */
export interface SomeRows<Row, Page> {
  rows: readonly Row[];
  /** The answer that the first of them came with; absent where there was not one page. */
  first: Page | undefined;
  /** Whether the list has more. */
  isCut: boolean;
}

/** Rows on a page of a list that is read by the page. */
const PAGE = 500;

/** Reads a list page by page until it ends or as many rows came as are wanted, and tells after each page how many came, with the first page. */
export async function someRows<Row, Page extends AnyPage>(
  source: ListSource<Row, Page>,
  most: number,
  onPage: (rows: number, first: Page) => void,
  signal?: AbortSignal,
): Promise<SomeRows<Row, Page>> {
  const rows: Row[] = [];
  let first: Page | undefined;
  let cursor: string | undefined;
  do {
    const page: Page = await pageOf(source, {}, PAGE, cursor, signal);
    first ??= page;
    for (const row of source.rows(page)) {
      rows.push(row);
    }
    onPage(rows.length, first);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && rows.length < most);
  return { rows: rows.slice(0, most), first, isCut: cursor !== undefined || rows.length > most };
}

/** A list broke off before its end. */
export class CutShort extends Error {}

/** Every row of a list, as the server sends them. It goes on by itself where an answer had to end early. */
export async function* everyRow<Row, Page extends AnyPage>(
  source: ListSource<Row, Page>,
  query: ListQuery,
  signal?: AbortSignal,
): AsyncGenerator<{ line: string; row: Row }> {
  let cursor: string | undefined;
  do {
    const more: Record<string, string> = cursor === undefined ? {} : { cursor };
    const response = await get(addressOf(source, query, more), "application/x-ndjson", signal);
    cursor = undefined;
    for await (const line of linesOf(response)) {
      const row: unknown = JSON.parse(line);
      const end = brokenOff(row);
      if (end === undefined) {
        yield { line, row: row as Row };
      } else if (end.detail !== undefined || end.cursor === undefined) {
        throw new CutShort(end.detail ?? "");
      } else {
        cursor = end.cursor;
      }
    }
  } while (cursor !== undefined);
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) {
    return;
  }
  const lines = new Lines();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      yield* lines.take(value);
    }
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable(error.message) : error;
  } finally {
    reader.cancel().catch(() => undefined);
  }
  const rest = lines.end();
  if (rest !== "") {
    yield rest;
  }
}
