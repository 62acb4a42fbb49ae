/** A table of rows that are here already: sought, sorted and paged in the browser; what is sought stands in the address. */
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { type ReactNode, useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { count } from "../../domain/format";
import { orderOf } from "../../domain/order";
import { texts } from "../../texts";
import type { Column } from "./columns";
import { takeRows } from "./Export";

/** Kinds of rows of which one can be shown alone. */
export interface Kinds<Row> {
  of: (row: Row) => string;
  words: readonly { id: string; text: string }[];
  /** The one that is shown where nothing is asked; all rows when absent. */
  first?: string;
}

interface LocalTableProps<Row> {
  /** The name of exported files. */
  name: string;
  title: string;
  description?: ReactNode;
  rows: readonly Row[];
  /** Every column but those of buttons sorts by its text. */
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** What is sought in. */
  search: (row: Row) => string;
  placeholder: string;
  kinds?: Kinds<Row>;
  empty: ReactNode;
}

/** Rows on a page. */
const PAGE = 50;
/** Shows rows of all kinds. */
const ALL = "all";

export function LocalTable<Row>(props: LocalTableProps<Row>) {
  const { rows, columns, kinds, search } = props;
  const [params, setParams] = useSearchParams();
  const [sorted, setSorted] = useState<{ id: string; isDescending: boolean } | undefined>(undefined);
  const [page, setPage] = useState(1);
  const text = params.get("search")?.slice(0, 512) ?? "";
  const asked = params.get("show");
  const show = asked === ALL || kinds?.words.some(({ id }) => id === asked) ? (asked ?? ALL) : (kinds?.first ?? ALL);
  const found = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const kept = rows.filter(
      (row) =>
        (show === ALL || kinds === undefined || kinds.of(row) === show) &&
        (wanted === "" || search(row).toLowerCase().includes(wanted)),
    );
    const column = columns.find(({ id }) => id === sorted?.id);
    if (column !== undefined) {
      const way = sorted?.isDescending ? -1 : 1;
      kept.sort((a, b) => way * orderOf(column.text(a), column.text(b)));
    }
    return kept;
  }, [rows, columns, kinds, search, show, text, sorted]);
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  const index = Math.min(page, pages);
  const ask = (key: string, value: string, without: string): void => {
    const next = new URLSearchParams(params);
    if (value === without) {
      next.delete(key);
    } else {
      next.set(key, value);
    }
    setPage(1);
    setParams(next, { replace: true });
  };
  return (
    <Table<Row>
      variant="container"
      items={found.slice((index - 1) * PAGE, index * PAGE)}
      trackBy={props.rowKey}
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: props.title }}
      columnDefinitions={columns.map((column) => ({
        id: column.id,
        header: column.header,
        cell: column.cell,
        ...(column.isActions ? {} : { sortingField: column.id }),
        ...(column.minWidth === undefined ? {} : { minWidth: column.minWidth }),
        ...(column.isName ? { isRowHeader: true } : {}),
      }))}
      {...(sorted === undefined
        ? {}
        : { sortingColumn: { sortingField: sorted.id }, sortingDescending: sorted.isDescending })}
      onSortingChange={({ detail }) => {
        const id = detail.sortingColumn.sortingField;
        setSorted(id === undefined ? undefined : { id, isDescending: detail.isDescending === true });
      }}
      header={
        <Header
          variant="h2"
          counter={`(${count(found.length)})`}
          description={props.description}
          actions={
            <ButtonDropdown
              items={[
                { id: "csv", text: texts.common.list.exportCsv, iconName: "download" },
                { id: "ndjson", text: texts.common.list.exportNdjson, iconName: "download" },
              ]}
              onItemClick={({ detail }) => {
                const its = columns.filter((column) => !column.isActions);
                takeRows(detail.id === "csv" ? "csv" : "ndjson", props.name, its, found);
              }}
            >
              {texts.common.list.exportName}
            </ButtonDropdown>
          }
        >
          {props.title}
        </Header>
      }
      filter={
        <div className="local-filter">
          <TextFilter
            filteringText={text}
            filteringPlaceholder={props.placeholder}
            filteringAriaLabel={props.placeholder}
            countText={text === "" ? "" : texts.common.list.matches(count(found.length))}
            onChange={({ detail }) => ask("search", detail.filteringText, "")}
          />
          {kinds !== undefined && (
            <SegmentedControl
              label={texts.common.list.show}
              selectedId={show}
              options={[...kinds.words, { id: ALL, text: texts.common.list.everything }]}
              onChange={({ detail }) => ask("show", detail.selectedId, kinds.first ?? ALL)}
            />
          )}
        </div>
      }
      pagination={
        <Pagination
          currentPageIndex={index}
          pagesCount={pages}
          onChange={({ detail }) => setPage(detail.currentPageIndex)}
          ariaLabels={{
            nextPageLabel: texts.common.list.nextPage,
            previousPageLabel: texts.common.list.previousPage,
            pageLabel: texts.common.list.selectedPage,
          }}
        />
      }
      empty={text === "" ? props.empty : texts.common.list.noMatch}
    />
  );
}
