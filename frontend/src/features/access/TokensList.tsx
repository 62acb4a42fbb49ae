/** The one list of all that lets somebody in, and the end of it. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { actionColumn, momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import type { ListFilter } from "../../domain/listQuery";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/tokens", (page) => page.tokens);

type Token = Schema<"TokenRow">;

const TYPES: Record<string, StatusIndicatorProps.Type> = { valid: "success", revoked: "stopped" };

function columns(): Column<Token>[] {
  const words = texts.access.tokens;
  return [
    textColumn("kind", words.kind, (row) => words.kinds[row.kind] ?? row.kind),
    textColumn("name", words.name, (row) => row.name, {
      isName: true,
      minWidth: 160,
      most: 48,
      otherwise: words.noName,
    }),
    textColumn("owner", words.owner, (row) => row.owner),
    {
      id: "state",
      header: words.state,
      cell: (row) => (
        <StatusIndicator type={TYPES[row.state] ?? "pending"}>{words.states[row.state] ?? row.state}</StatusIndicator>
      ),
      text: (row) => row.state,
    },
    momentColumn("used", words.used, (row) => row.last_used_at),
    momentColumn("expires", words.expires, (row) => row.expires_at, { otherwise: words.noEnd }),
    momentColumn("created", words.created, (row) => row.created_at, { hidden: true }),
    textColumn("id", words.id, (row) => row.id, { hidden: true, code: true }),
    actionColumn((row) => <End row={row} />),
  ];
}

function End({ row }: { row: Token }) {
  const words = texts.access.tokens;
  if (row.state !== "valid") {
    return null;
  }
  const kind = words.kinds[row.kind] ?? row.kind;
  const name = row.name === "" ? row.id : visible(row.name).slice(0, 80);
  return (
    <Act
      variant="inline-link"
      label={words.end}
      ariaLabel={`${words.end}: ${kind}, ${name}`}
      run={() => done(api.DELETE("/api/v1/tokens/{kind}/{id}", { params: { path: { kind: row.kind, id: row.id } } }))}
      confirm={{ title: words.endTitle(kind, name), body: words.endHint }}
      done={words.ended}
      // What is ended stands in the list of its own kind, too.
      renews={[["list"]]}
    />
  );
}

function filters(): ListFilter[] {
  const words = texts.access.tokens;
  const choice = (labels: Record<string, string>) => Object.entries(labels).map(([word, label]) => ({ word, label }));
  return [
    { key: "kind", label: words.kind, kind: "words", words: choice(words.kinds) },
    { key: "state", label: words.state, kind: "words", words: choice(words.states) },
    { key: "owner", label: words.owner, kind: "text" },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function TokensList() {
  const words = texts.access.tokens;
  return (
    <ResourceList
      isPart
      id="tokens"
      title={words.title}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      rowKey={(row) => `${row.kind} ${row.id}`}
      empty={<Empty title={words.empty} />}
    />
  );
}
