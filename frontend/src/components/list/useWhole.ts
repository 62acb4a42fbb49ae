/** A list that is read whole, up to a bound, because something is made of all its rows; with how far it is. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ListSource, type SomeRows, someRows } from "../../api/lists";
import type { AnyPage } from "../../api/types";

/** Most rows that are read of one list: what is more makes a page that nobody reads, and is said to be missing. */
export const MOST_ROWS = 20_000;

/** A list on its way. */
export interface Whole<Row, Page> {
  query: UseQueryResult<SomeRows<Row, Page>>;
  /** How many rows came, and how many there are as far as the list told. */
  rows: number;
  of: number | undefined;
}

/** Reads it; `total` takes out of its first page how many there are. */
export function useWhole<Row, Page extends AnyPage>(
  source: ListSource<Row, Page>,
  total: (page: Page) => number | undefined,
): Whole<Row, Page> {
  const [progress, setProgress] = useState<{ rows: number; of: number | undefined }>({ rows: 0, of: undefined });
  const query = useQuery({
    queryKey: ["whole", source.address],
    queryFn: ({ signal }) =>
      someRows(source, MOST_ROWS, (rows, first) => setProgress({ rows, of: total(first) }), signal),
    // Read again only by who asks for it: it is many requests.
    staleTime: 300_000,
  });
  const came = query.data?.rows.length;
  return { query, rows: came ?? progress.rows, of: came ?? progress.of };
}

/** Several lists as one progress, of 0 to 100; nothing where none of them told how long it is. */
export function progressOf(lists: readonly Pick<Whole<unknown, unknown>, "rows" | "of">[]): number {
  const all = lists.reduce((sum, { of }) => sum + (of ?? 0), 0);
  const came = lists.reduce((sum, { rows }) => sum + rows, 0);
  return all === 0 || lists.some(({ of }) => of === undefined) ? 0 : Math.min(100, Math.round((100 * came) / all));
}
