/** Columns of the usual kinds. */
import type { ReactNode } from "react";
import { texts } from "../../texts";
import { Moment } from "../Moment";
import { Outside } from "../Outside";
import { To } from "../To";
import type { Column } from "./columns";

type More<Row> = Pick<Column<Row>, "hidden" | "isName" | "minWidth" | "width" | "sort" | "descending">;

/** A text from outside; `href` makes a link of it. */
export function textColumn<Row>(
  id: string,
  header: string,
  text: (row: Row) => string | null | undefined,
  more: More<Row> & { href?: (row: Row) => string; code?: boolean; most?: number; otherwise?: string } = {},
): Column<Row> {
  const { href, code, most = 80, otherwise = "–", ...rest } = more;
  return {
    id,
    header,
    ...rest,
    text,
    cell: (row) => {
      const value = text(row);
      const shown = value ? <Outside text={value} most={most} {...(code ? { code } : {})} /> : otherwise;
      return href === undefined ? shown : <To href={href(row)}>{shown}</To>;
    },
  };
}

/** A moment. */
export function momentColumn<Row>(
  id: string,
  header: string,
  at: (row: Row) => string | null | undefined,
  more: More<Row> & { otherwise?: string } = {},
): Column<Row> {
  const { otherwise = "–", ...rest } = more;
  return { id, header, ...rest, text: at, cell: (row) => <Moment at={at(row)} otherwise={otherwise} /> };
}

/** Buttons. */
export function actionColumn<Row>(cell: (row: Row) => ReactNode): Column<Row> {
  return { id: "actions", header: texts.forms.actions, isActions: true, cell, text: () => undefined };
}
