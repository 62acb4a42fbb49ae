/** A list taken away: all rows that are asked for, as the API has them or as a table for a spreadsheet. */
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { everyRow, type ListSource } from "../../api/lists";
import type { AnyPage } from "../../api/types";
import { csvLine } from "../../domain/csv";
import { count } from "../../domain/format";
import type { ListQuery } from "../../domain/listQuery";
import { texts } from "../../texts";
import { dismiss, notify } from "../notices";
import { sayOf } from "../Problem";
import type { Column } from "./columns";

interface ExportProps<Row, Page extends AnyPage> {
  /** The file's name without its ending. */
  name: string;
  source: ListSource<Row, Page>;
  query: ListQuery;
  columns: readonly Column<Row>[];
}

/** How many rows until the notice is renewed. */
const STEP = 500;

export function Export<Row, Page extends AnyPage>({ name, source, query, columns }: ExportProps<Row, Page>) {
  return (
    <ButtonDropdown
      items={[
        { id: "csv", text: texts.common.list.exportCsv, iconName: "download" },
        { id: "ndjson", text: texts.common.list.exportNdjson, iconName: "download" },
        { id: "link", text: texts.common.list.copyLink, iconName: "copy" },
      ]}
      onItemClick={({ detail }) => {
        if (detail.id === "link") {
          void copyLink();
        } else {
          void take(detail.id === "csv" ? "csv" : "ndjson", { name, source, query, columns });
        }
      }}
    >
      {texts.common.list.exportName}
    </ButtonDropdown>
  );
}

async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    notify({ type: "success", content: texts.common.list.linkCopied });
  } catch {
    notify({ type: "error", content: texts.common.copyFailed });
  }
}

async function take<Row, Page extends AnyPage>(form: "csv" | "ndjson", asked: ExportProps<Row, Page>): Promise<void> {
  const stop = new AbortController();
  const { columns, source, query } = asked;
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  const parts: string[] = form === "csv" ? ["\ufeff", csvLine(columns.map((column) => column.header))] : [];
  let rows = 0;
  const id = `export-${source.address}`;
  const tell = (): void => {
    notify({
      id,
      type: "in-progress",
      content: texts.common.list.exporting(count(rows)),
      action: <Button onClick={() => stop.abort()}>{texts.common.list.stop}</Button>,
    });
  };
  tell();
  try {
    for await (const { line, row } of everyRow(source, query, stop.signal)) {
      parts.push(form === "csv" ? csvLine(columns.map((column) => column.text(row))) : `${line}\n`);
      rows += 1;
      if (rows % STEP === 0) {
        tell();
      }
    }
  } catch (error) {
    if (stop.signal.aborted) {
      dismiss(id);
      return;
    }
    // What is not whole is not handed over as if it were.
    const said = sayOf(error);
    const content = [said.title, said.detail, said.hint].filter((text) => text !== undefined).join(" ");
    notify({ id, type: "error", header: texts.common.list.exportFailed, content });
    return;
  }
  saveParts(form, asked.name, parts);
  notify({ id, type: "success", content: texts.common.list.exported(count(rows)) });
}

/** Rows that are here already, as a table or as lines. */
export function takeRows<Row>(
  form: "csv" | "ndjson",
  name: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  const head = form === "csv" ? ["\ufeff", csvLine(columns.map((column) => column.header))] : [];
  const lines = rows.map((row) =>
    form === "csv" ? csvLine(columns.map((column) => column.text(row))) : `${JSON.stringify(row)}\n`,
  );
  saveParts(form, name, [...head, ...lines]);
  notify({ id: `export-${name}`, type: "success", content: texts.common.list.exported(count(rows.length)) });
}

function saveParts(form: "csv" | "ndjson", name: string, parts: string[]): void {
  const type = form === "csv" ? "text/csv;charset=utf-8" : "application/x-ndjson";
  save(new Blob(parts, { type }), `${name}-${new Date().toISOString().slice(0, 10)}.${form}`);
}

/** Hands a file over. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
