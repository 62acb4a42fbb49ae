/** One's own API keys. */
import Button from "@cloudscape-design/components/button";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { Empty } from "../../components/Empty";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { texts } from "../../texts";
import { NewKey } from "./NewKey";

const SOURCE = listAt("/api/v1/api-keys", (page) => page.api_keys);

type Row = Schema<"ApiKeyRow">;

function columns(revoke: (row: Row) => void): Column<Row>[] {
  const words = texts.account.keys;
  return [
    {
      id: "id",
      header: words.id,
      isName: true,
      cell: (row) => <Outside text={row.id} most={40} code />,
      text: (row) => row.id,
    },
    {
      id: "note",
      header: words.note,
      minWidth: 160,
      cell: (row) => <Outside text={row.note} most={120} />,
      text: (row) => row.note,
    },
    {
      id: "roles",
      header: words.roles,
      cell: (row) => <Outside text={row.roles.map(({ role }) => role).join(", ")} />,
      text: (row) => row.roles.map(({ role }) => role).join(", "),
    },
    {
      id: "state",
      header: words.state,
      cell: (row) => (
        <StatusIndicator type={row.state === "valid" ? "success" : "stopped"}>
          {words.states[row.state] ?? row.state}
        </StatusIndicator>
      ),
      text: (row) => row.state,
    },
    {
      id: "used",
      header: words.used,
      cell: (row) => <Moment at={row.last_used_at} />,
      text: (row) => row.last_used_at,
    },
    {
      id: "expires",
      header: words.expires,
      cell: (row) => <Moment at={row.expires_at} />,
      text: (row) => row.expires_at,
    },
    {
      id: "revoke",
      header: words.revoke,
      cell: (row) =>
        row.state === "valid" ? (
          <Button variant="inline-link" ariaLabel={words.revokeAria(row.id)} onClick={() => revoke(row)}>
            {words.revoke}
          </Button>
        ) : null,
      text: () => "",
    },
  ];
}

export function Keys() {
  const words = texts.account.keys;
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Row | undefined>(undefined);
  const its = useMemo(() => columns(setRevoked), []);
  const make = <Button onClick={() => setMaking(true)}>{words.create}</Button>;
  return (
    <>
      <ResourceList
        isPart
        id="own-keys"
        title={words.title}
        description={words.lead}
        source={SOURCE}
        columns={its}
        rowKey={(row) => row.id}
        actions={make}
        empty={
          <Empty title={words.empty} action={make}>
            {words.emptyHint}
          </Empty>
        }
      />
      {isMaking && <NewKey list={SOURCE.address} onClose={() => setMaking(false)} />}
      {revoked !== undefined && <Revoke row={revoked} onClose={() => setRevoked(undefined)} />}
    </>
  );
}

function Revoke({ row, onClose }: { row: Row; onClose: () => void }) {
  const words = texts.account.keys;
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/api-keys/{id}", { params: { path: { id: row.id } } })),
    onSuccess: async () => {
      notify({ type: "success", content: words.revoked });
      onClose();
      await client.invalidateQueries({ queryKey: ["list", SOURCE.address] });
    },
  });
  return (
    <ConfirmDialog
      title={words.revokeTitle}
      confirm={words.revoke}
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onCancel={onClose}
    >
      <p>
        <Outside text={row.id} code /> <Outside text={row.note} most={120} />
      </p>
      <p>{words.revokeLead}</p>
    </ConfirmDialog>
  );
}
