/**
 * The list that every page of a list is: the server filters, sorts and pages; what is asked stands in the address; columns are
 * chosen and remembered; rows can be exported; and it says what to do where there are none and what happened where it failed.
 */
import Button from "@cloudscape-design/components/button";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { type ReactNode, useMemo, useState } from "react";
import type { ListSource } from "../../api/lists";
import type { AnyPage } from "../../api/types";
import { count } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";
import { Empty } from "../Empty";
import { Moment } from "../Moment";
import { usePage } from "../Page";
import { ProblemAlert } from "../Problem";
import { type Column, keepListLook, type ListLook, listLook, PAGE_SIZES, shownColumns } from "./columns";
import { Export } from "./Export";
import { Filters } from "./Filters";
import { type ShownList, useList } from "./useList";

/** What a list is of. */
export interface ResourceListProps<Row, Page extends AnyPage> {
  /** Under which its columns are remembered, and the name of exported files. */
  id: string;
  /** What the rows are, as a heading. */
  title: string;
  description?: ReactNode;
  source: ListSource<Row, Page>;
  /** Made once, outside the component or by `useMemo`. */
  columns: readonly Column<Row>[];
  /** Made once, too. */
  filters?: readonly ListFilter[];
  /** Whether the list takes `search`. */
  hasSearch?: boolean;
  placeholder?: string;
  /** The word of the order that the list has without `sort`. */
  defaultSort?: string;
  rowKey: (row: Row) => string;
  /** Shown where there is nothing at all. */
  empty: ReactNode;
  /** Said above the rows of an answer. */
  above?: (page: Page) => ReactNode;
  actions?: ReactNode;
  /** Rows that somebody chose, where there is something to do with several; what it is for is said to who cannot see it. */
  selection?: { rows: readonly Row[]; label: string; name: (row: Row) => string; onChange: (rows: Row[]) => void };
  /** Part of a page, in place of being one. */
  isPart?: boolean;
}

/** The height of the bar on top, under which headings stay; portal.css says the same. */
const TOP_PX = 52;

const NO_FILTERS: readonly ListFilter[] = [];

export function ResourceList<Row, Page extends AnyPage>(props: ResourceListProps<Row, Page>) {
  return props.isPart ? <List {...props} /> : <ListAsPage {...props} />;
}

function ListAsPage<Row, Page extends AnyPage>(props: ResourceListProps<Row, Page>) {
  const heading = usePage(props.title);
  return (
    <div ref={heading} tabIndex={-1} className="page-heading">
      <List {...props} />
    </div>
  );
}

function List<Row, Page extends AnyPage>(props: ResourceListProps<Row, Page>) {
  const { id, source, columns, filters = NO_FILTERS, hasSearch = false, defaultSort, above, isPart = false } = props;
  const { selection } = props;
  const [look, setLook] = useState<ListLook>(() => listLook(id, columns));
  const sorts = useMemo(() => columns.flatMap(({ sort }) => (sort === undefined ? [] : [sort])), [columns]);
  const list = useList({ source, filters, sorts, pageSize: look.pageSize });
  const shown = shownColumns(columns, look);
  const sort = list.query["sort"] ?? defaultSort;
  const sorted = columns.find((column) => column.sort !== undefined && column.sort === sort);
  const isFiltered = Object.keys(list.query).some((key) => key !== "sort");
  const hasFilters = filters.length > 0 || hasSearch;
  const failed = list.error !== null && list.error !== undefined;

  const table = (
    <Table<Row>
      variant="container"
      stickyHeader
      stickyHeaderVerticalOffset={TOP_PX}
      items={list.rows}
      trackBy={props.rowKey}
      loading={list.isLoading && !failed}
      loadingText={texts.common.loading}
      wrapLines={look.wrapLines}
      enableKeyboardNavigation
      resizableColumns={false}
      columnDefinitions={shown.map(definition)}
      {...(sorted === undefined
        ? {}
        : { sortingColumn: { sortingField: sorted.sort ?? "" }, sortingDescending: sorted.descending === true })}
      onSortingChange={({ detail }) => {
        const word = detail.sortingColumn.sortingField;
        if (word !== undefined) {
          const { sort: _, ...others } = list.query;
          list.setQuery(word === defaultSort ? others : { ...others, sort: word });
        }
      }}
      {...(selection === undefined
        ? {}
        : {
            selectionType: "multi" as const,
            selectedItems: selection.rows,
            onSelectionChange: ({ detail }) => selection.onChange(detail.selectedItems),
          })}
      ariaLabels={{
        tableLabel: props.title,
        ...(selection === undefined
          ? {}
          : {
              selectionGroupLabel: selection.label,
              allItemsSelectionLabel: () => texts.common.list.selectAll,
              itemSelectionLabel: (_, row) => texts.common.list.select(selection.name(row)),
            }),
      }}
      header={<ListHeader {...props} list={list} shown={shown} isPart={isPart} />}
      filter={
        hasFilters && (
          <Filters
            filters={filters}
            hasSearch={hasSearch}
            query={list.query}
            onChange={list.setQuery}
            placeholder={props.placeholder ?? texts.common.list.filter}
            countText={
              isFiltered && list.total !== undefined ? texts.common.list.matches(count(list.total)) : undefined
            }
          />
        )
      }
      pagination={<Pages list={list} />}
      preferences={
        <Preferences
          columns={columns}
          look={look}
          onChange={(next) => {
            keepListLook(id, next);
            setLook(next);
          }}
        />
      }
      empty={
        failed ? (
          <ProblemAlert error={list.error} onRetry={list.refresh} />
        ) : isFiltered ? (
          <Empty
            title={texts.common.list.noMatch}
            action={<Button onClick={() => list.setQuery({})}>{texts.common.list.clear}</Button>}
          >
            {texts.common.list.noMatchHint}
          </Empty>
        ) : (
          props.empty
        )
      }
    />
  );
  const note = list.page === undefined ? undefined : above?.(list.page);
  const hasNote = note !== undefined && note !== null && note !== false;
  const stale = failed && list.rows.length > 0;
  if (!hasNote && !stale) {
    return table;
  }
  return (
    <SpaceBetween size="m">
      {stale && <ProblemAlert error={list.error} onRetry={list.refresh} />}
      {note}
      {table}
    </SpaceBetween>
  );
}

function definition<Row>(column: Column<Row>): TableProps.ColumnDefinition<Row> {
  return {
    id: column.id,
    header: column.header,
    cell: column.cell,
    ...(column.sort === undefined ? {} : { sortingField: column.sort }),
    ...(column.width === undefined ? {} : { width: column.width }),
    ...(column.minWidth === undefined ? {} : { minWidth: column.minWidth }),
    ...(column.isName ? { isRowHeader: true } : {}),
  };
}

interface ListHeaderProps<Row, Page extends AnyPage> extends ResourceListProps<Row, Page> {
  list: ShownList<Row, Page>;
  shown: readonly Column<Row>[];
}

function ListHeader<Row, Page extends AnyPage>({
  id,
  title,
  description,
  source,
  list,
  shown,
  actions,
  isPart,
}: ListHeaderProps<Row, Page>) {
  const words = texts.common.list;
  const from = count(list.rowsBefore + 1);
  const to = count(list.rowsBefore + list.rows.length);
  const asOf = list.page?.as_of;
  const counter =
    list.rows.length === 0
      ? undefined
      : list.total === undefined
        ? words.rows(from, to)
        : words.range(from, to, count(list.total));
  return (
    <Header
      variant={isPart ? "h2" : "h1"}
      {...(counter === undefined ? {} : { counter })}
      description={
        <>
          {description}
          {description !== undefined && asOf ? " · " : null}
          {asOf ? (
            <>
              {words.asOf} <Moment at={asOf} />
            </>
          ) : null}
        </>
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button
            iconName="refresh"
            ariaLabel={texts.common.refresh}
            loading={list.isFetching}
            onClick={list.refresh}
          />
          <Export name={id} source={source} query={list.query} columns={shown.filter((column) => !column.isActions)} />
          {actions}
        </SpaceBetween>
      }
    >
      {title}
    </Header>
  );
}

function Pages<Row, Page extends AnyPage>({ list }: { list: ShownList<Row, Page> }) {
  const words = texts.common.list;
  return (
    <Pagination
      currentPageIndex={list.pageIndex}
      pagesCount={list.pagesKnown}
      openEnd={list.hasMore}
      onChange={({ detail }) => list.setPageIndex(detail.currentPageIndex)}
      ariaLabels={{
        nextPageLabel: words.nextPage,
        previousPageLabel: words.previousPage,
        pageLabel: words.selectedPage,
      }}
    />
  );
}

interface PreferencesProps<Row> {
  columns: readonly Column<Row>[];
  look: ListLook;
  onChange: (look: ListLook) => void;
}

function Preferences<Row>({ columns, look, onChange }: PreferencesProps<Row>) {
  const words = texts.common.list;
  return (
    <CollectionPreferences
      title={words.preferences}
      confirmLabel={words.apply}
      cancelLabel={texts.common.cancel}
      preferences={{ pageSize: look.pageSize, wrapLines: look.wrapLines, contentDisplay: look.columns }}
      pageSizePreference={{
        title: words.pageSize,
        options: PAGE_SIZES.map((value) => ({ value, label: words.pageSizeOf(value) })),
      }}
      wrapLinesPreference={{ label: words.wrap, description: words.wrapHint }}
      contentDisplayPreference={{
        title: words.columns,
        description: words.columnsHint,
        options: columns.map(({ id, header, isName }) => ({ id, label: header, alwaysVisible: isName === true })),
      }}
      onConfirm={({ detail }) => {
        const chosen = (detail.contentDisplay ?? []).flatMap((item) =>
          item.type === "group" ? [] : [{ id: item.id, visible: item.visible }],
        );
        onChange({
          pageSize: detail.pageSize ?? look.pageSize,
          wrapLines: detail.wrapLines === true,
          columns: chosen.length === 0 ? look.columns : chosen,
        });
      }}
    />
  );
}
