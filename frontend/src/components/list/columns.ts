/** Columns of a list, and which of them somebody wants to see. */
import type { ReactNode } from "react";
import type { CsvValue } from "../../domain/csv";
import { keep, kept } from "../kept";

/** A column. */
export interface Column<Row> {
  id: string;
  header: string;
  /** What is shown. */
  cell: (row: Row) => ReactNode;
  /** What is exported. */
  text: (row: Row) => CsvValue;
  /** The word of the API that sorts by it, highest or first on top, as the API does. */
  sort?: string;
  /** Whether that order begins with the highest. */
  descending?: boolean;
  width?: number;
  minWidth?: number;
  /** Not shown unless somebody asks for it. */
  hidden?: boolean;
  /** Names the row; always shown. */
  isName?: boolean;
  /** Buttons, which are not exported. */
  isActions?: boolean;
}

/** How somebody likes a list. */
export interface ListLook {
  pageSize: number;
  wrapLines: boolean;
  columns: readonly { id: string; visible: boolean }[];
}

export const PAGE_SIZES = [25, 50, 100, 250] as const;

/** How a list looks: as was chosen, with columns of a later version at the end. */
export function listLook<Row>(id: string, columns: readonly Column<Row>[]): ListLook {
  const found = kept(`list.${id}`);
  const one: Partial<ListLook> = typeof found === "object" && found !== null ? found : {};
  const chosen = Array.isArray(one.columns) ? one.columns : [];
  const known = chosen.filter((item) => columns.some((column) => column.id === item?.id));
  const rest = columns.filter((column) => !known.some((item) => item.id === column.id));
  return {
    pageSize: PAGE_SIZES.find((size) => size === one.pageSize) ?? 50,
    wrapLines: one.wrapLines === true,
    columns: [
      ...known.map((item) => ({ id: item.id, visible: item.visible !== false })),
      ...rest.map((column) => ({ id: column.id, visible: column.hidden !== true })),
    ],
  };
}

/** Keeps it. */
export function keepListLook(id: string, look: ListLook): void {
  keep(`list.${id}`, look);
}

/** The columns that are shown, in their order. */
export function shownColumns<Row>(columns: readonly Column<Row>[], look: ListLook): Column<Row>[] {
  return look.columns.flatMap((item) => {
    const column = columns.find((one) => one.id === item.id);
    return column !== undefined && (item.visible || column.isName) ? [column] : [];
  });
}
