/** The list of invitations. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { Go } from "../../components/forms/Go";
import { RoleNames, roleText } from "../../components/forms/Roles";
import { actionColumn, momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/invitations", (page) => page.invitations);

type Invitation = Schema<"InvitationDetail">;

const TYPES: Record<string, StatusIndicatorProps.Type> = { open: "pending", accepted: "success", revoked: "stopped" };

function columns(): Column<Invitation>[] {
  const words = texts.access.invitations;
  return [
    textColumn("note", words.note, (row) => row.note, { isName: true, minWidth: 160, otherwise: words.noNote }),
    {
      id: "roles",
      header: words.roles,
      cell: (row) => <RoleNames roles={row.roles} />,
      text: (row) => roleText(row.roles),
    },
    {
      id: "state",
      header: words.state,
      cell: (row) => (
        <StatusIndicator type={TYPES[row.state] ?? "info"}>{words.states[row.state] ?? row.state}</StatusIndicator>
      ),
      text: (row) => row.state,
    },
    textColumn("accepted", words.accepted, (row) => row.accepted_by),
    momentColumn("expires", words.expires, (row) => row.expires_at),
    textColumn("by", words.by, (row) => row.created_by),
    momentColumn("created", words.created, (row) => row.created_at, { hidden: true }),
    actionColumn((row) => <Revoke row={row} />),
  ];
}

const COLUMNS = columns();

function Revoke({ row }: { row: Invitation }) {
  const words = texts.access.invitations;
  const may = useMay();
  if (row.state !== "open" || !may("people.manage")) {
    return null;
  }
  const name = row.note === "" ? row.id : visible(row.note).slice(0, 80);
  return (
    <Act
      variant="inline-link"
      label={words.revoke}
      ariaLabel={`${words.revoke}: ${name}`}
      run={() => done(api.DELETE("/api/v1/invitations/{id}", { params: { path: { id: row.id } } }))}
      confirm={{ title: words.revokeTitle(name), body: words.revokeHint }}
      done={words.revoked}
      renews={[
        ["list", SOURCE.address],
        ["list", "/api/v1/tokens"],
      ]}
    />
  );
}

export function InvitationsList() {
  const words = texts.access.invitations;
  const may = useMay();
  const create = may("people.manage") && (
    <Go href="/access/invite" variant="primary">
      {words.create}
    </Go>
  );
  return (
    <ResourceList
      isPart
      id="invitations"
      title={words.title}
      source={SOURCE}
      columns={COLUMNS}
      rowKey={(row) => row.id}
      actions={create}
      empty={
        <Empty title={words.empty} action={create}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}
