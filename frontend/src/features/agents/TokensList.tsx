/** Enrolment tokens: what lets hosts in, and how often it did. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { Go } from "../../components/forms/Go";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/enrolment-tokens", (page) => page.enrolment_tokens);

type Row = Schema<"EnrolmentTokenRow">;

const TYPES: Record<string, StatusIndicatorProps.Type> = { valid: "success", revoked: "stopped" };

function columns(): Column<Row>[] {
  const words = texts.agents.tokens;
  return [
    {
      id: "note",
      header: words.note,
      isName: true,
      minWidth: 160,
      cell: (row) => (row.note === "" ? words.noNote : <Outside text={row.note} most={80} />),
      text: (row) => row.note,
    },
    {
      id: "state",
      header: words.state,
      cell: (row) => (
        <StatusIndicator type={TYPES[row.state] ?? "pending"}>{words.states[row.state] ?? row.state}</StatusIndicator>
      ),
      text: (row) => row.state,
    },
    {
      id: "uses",
      header: words.uses,
      cell: (row) => words.usesOf(count(row.uses), count(row.max_uses)),
      text: (row) => `${row.uses}/${row.max_uses}`,
    },
    {
      id: "hosts",
      header: words.hosts,
      cell: (row) =>
        row.hosts === undefined || row.hosts.length === 0 ? (
          words.everyHost
        ) : (
          <Outside text={row.hosts.join(", ")} most={80} />
        ),
      text: (row) => (row.hosts ?? []).join(" "),
    },
    {
      id: "expires",
      header: words.expires,
      cell: (row) => <Moment at={row.expires_at} />,
      text: (row) => row.expires_at,
    },
    {
      id: "by",
      header: words.by,
      cell: (row) => <Outside text={row.created_by} most={60} />,
      text: (row) => row.created_by,
    },
    {
      id: "created",
      header: words.created,
      hidden: true,
      cell: (row) => <Moment at={row.created_at} />,
      text: (row) => row.created_at,
    },
    { id: "id", header: words.id, cell: (row) => <Outside text={row.id} code />, text: (row) => row.id },
    {
      id: "actions",
      header: texts.forms.actions,
      isActions: true,
      cell: (row) => <Revoke row={row} />,
      text: () => undefined,
    },
  ];
}

function Revoke({ row }: { row: Row }) {
  const may = useMay();
  const words = texts.agents.tokens;
  if (row.state !== "valid" || !may("enrolment_tokens.manage")) {
    return null;
  }
  const name = row.note === "" ? row.id : visible(row.note).slice(0, 80);
  return (
    <Act
      variant="inline-link"
      label={words.revoke}
      ariaLabel={`${words.revoke}: ${name}`}
      run={() => done(api.DELETE("/api/v1/enrolment-tokens/{id}", { params: { path: { id: row.id } } }))}
      confirm={{ title: words.revokeTitle(name), body: words.revokeHint }}
      done={words.revoked}
      renews={[
        ["list", SOURCE.address],
        ["list", "/api/v1/tokens"],
      ]}
    />
  );
}

function filters(): ListFilter[] {
  const words = texts.agents.tokens;
  return [
    {
      key: "state",
      label: words.state,
      kind: "words",
      words: ["valid", "expired", "used_up", "revoked"].map((word) => ({ word, label: words.states[word] ?? word })),
    },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function TokensList() {
  const words = texts.agents.tokens;
  return (
    <ResourceList
      isPart
      id="enrolment-tokens"
      title={words.title}
      description={words.description}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      rowKey={(row) => row.id}
      actions={
        <Go href="/agents?tab=install" variant="primary">
          {texts.agents.installing.make}
        </Go>
      }
      empty={
        <Empty title={words.empty} action={<Go href="/agents?tab=install">{texts.agents.install}</Go>}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}
