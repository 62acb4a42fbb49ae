/** The list of exceptions. */
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { STATES } from "../../domain/exception";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";
import { downloadVex, State, Where, whereText } from "./parts";

const SOURCE = listAt("/api/v1/exceptions", (page) => page.exceptions);

type Row = Schema<"ExceptionDetail">;

function columns(): Column<Row>[] {
  const words = texts.exceptions;
  return [
    textColumn("vulnerability", words.columns.vulnerability, (row) => row.exception.vulnerability, {
      isName: true,
      minWidth: 150,
      href: (row) => `/exceptions/${encodeURIComponent(row.id)}`,
    }),
    {
      id: "state",
      header: words.columns.state,
      cell: (row) => <State state={row.state} />,
      text: (row) => row.state,
    },
    {
      id: "where",
      header: words.columns.where,
      minWidth: 160,
      cell: (row) => <Where scope={row.exception.scope} />,
      text: (row) => whereText(row.exception.scope),
    },
    {
      id: "status",
      header: words.columns.status,
      cell: (row) => words.statuses[row.exception.status] ?? row.exception.status,
      text: (row) => row.exception.status,
    },
    textColumn("reason", words.columns.reason, (row) => row.exception.reason, { minWidth: 200 }),
    textColumn("by", words.columns.by, (row) => row.requested_by),
    momentColumn("requested", words.columns.requested, (row) => row.requested_at),
    momentColumn("expires", words.columns.expires, (row) => row.exception.expires_at, {
      otherwise: words.detail.forever,
    }),
    textColumn("package", words.columns.package, (row) => row.exception.package, { hidden: true, code: true }),
    momentColumn("decided", words.columns.decided, (row) => row.decision?.at, { hidden: true }),
    textColumn("id", words.columns.id, (row) => row.id, { hidden: true, code: true }),
  ];
}

function filters(): ListFilter[] {
  const words = texts.exceptions;
  return [
    {
      key: "state",
      label: words.filters.state,
      kind: "words",
      words: STATES.map((word) => ({ word, label: words.states[word] ?? word })),
    },
    { key: "vulnerability", label: words.filters.vulnerability, kind: "text" },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function ExceptionsPage() {
  const words = texts.exceptions;
  const may = useMay();
  const request = may("exceptions.request") ? <Go href="/exceptions/new">{words.request}</Go> : undefined;
  return (
    <ResourceList
      id="exceptions"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => row.id}
      empty={
        <Empty title={words.empty} action={request}>
          {words.emptyHint}
        </Empty>
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="download" onClick={() => void downloadVex()}>
            {words.vex}
          </Button>
          {request}
        </SpaceBetween>
      }
    />
  );
}
