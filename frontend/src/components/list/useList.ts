/** A list that the server filters, sorts and pages: what is asked stands in the address, pages that were seen stay. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { type ListSource, pageOf } from "../../api/lists";
import { problemIn } from "../../api/portal";
import type { AnyPage } from "../../api/types";
import { type ListFilter, type ListQuery, listQueryOf, withListQuery } from "../../domain/listQuery";

/** Most pages without rows that are passed over before somebody is asked. */
const MOST_EMPTY = 20;

/** What a list needs. */
interface Asked<Row, Page extends AnyPage> {
  source: ListSource<Row, Page>;
  filters: readonly ListFilter[];
  sorts: readonly string[];
  pageSize: number;
}

/** A list as it is shown. */
export interface ShownList<Row, Page extends AnyPage> {
  query: ListQuery;
  setQuery: (query: ListQuery) => void;
  rows: readonly Row[];
  /** The answer that the page of rows came with. */
  page: Page | undefined;
  /** From 1. */
  pageIndex: number;
  pagesKnown: number;
  hasMore: boolean;
  setPageIndex: (index: number) => void;
  /** The rows of the pages before. */
  rowsBefore: number;
  total: number | undefined;
  isLoading: boolean;
  isFetching: boolean;
  error: unknown;
  refresh: () => void;
}

/** Asks for a list. */
export function useList<Row, Page extends AnyPage>(asked: Asked<Row, Page>): ShownList<Row, Page> {
  const { source, filters, sorts, pageSize } = asked;
  const [params] = useSearchParams();
  const location = useLocation();
  const navigate = useNavigate();
  const query = useMemo(() => listQueryOf(params, filters, sorts), [params, filters, sorts]);

  const found = useInfiniteQuery({
    queryKey: ["list", source.address, query, pageSize],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      let page = await pageOf(source, query, pageSize, pageParam, signal);
      // A page may be empty and still have a next one.
      for (let empty = 0; empty < MOST_EMPTY && source.rows(page).length === 0 && page.next_cursor; empty += 1) {
        page = await pageOf(source, query, pageSize, page.next_cursor, signal);
      }
      return page;
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

  const { data, fetchNextPage, hasNextPage, isFetchingNextPage, error, refetch } = found;
  const pages = data?.pages ?? [];
  // Kept with the address, so that who comes back finds the page that was left.
  const state: unknown = location.state;
  const wanted =
    typeof state === "object" && state !== null && "page" in state && typeof state.page === "number" ? state.page : 1;
  const index = Math.max(1, Math.min(wanted, pages.length + (hasNextPage ? 1 : 0)));
  const isMissing = index > pages.length && hasNextPage;
  const isBadCursor = problemIn(error)?.problem.type === "/problems/bad-cursor";

  useEffect(() => {
    if (isMissing && !isFetchingNextPage && error === null) {
      void fetchNextPage();
    }
  }, [isMissing, isFetchingNextPage, error, fetchNextPage]);
  useEffect(() => {
    // Cursors of before a change of the server lead nowhere: the list begins anew.
    if (isBadCursor && pages.length > 0) {
      void refetch();
    }
  }, [isBadCursor, pages.length, refetch]);

  const go = (next: URLSearchParams, page: number, replace: boolean): void => {
    const search = next.toString();
    void navigate(
      { pathname: location.pathname, search: search === "" ? "" : `?${search}` },
      { replace, state: { page } },
    );
  };
  const page = pages[index - 1];
  const total = pages.at(-1)?.total;
  return {
    query,
    setQuery: (next) => go(withListQuery(params, filters, next), 1, false),
    rows: page === undefined ? [] : source.rows(page),
    page,
    pageIndex: index,
    pagesKnown: Math.max(1, pages.length + (hasNextPage ? 1 : 0)),
    hasMore: hasNextPage,
    setPageIndex: (next) => go(params, next, true),
    rowsBefore: pages.slice(0, index - 1).reduce((sum, one) => sum + source.rows(one).length, 0),
    total: typeof total === "number" ? total : undefined,
    isLoading: found.isPending || isMissing,
    isFetching: found.isFetching,
    error,
    refresh: () => void refetch(),
  };
}
