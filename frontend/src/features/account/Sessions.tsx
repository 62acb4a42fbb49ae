/** Where one is signed in. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { sayOf } from "../../components/Problem";
import { Chip } from "../../components/Severity";
import { visible } from "../../domain/outside";
import { browserOf } from "../../domain/userAgent";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/sessions", (page) => page.sessions);

type Row = Schema<"SessionDetail">;

function columns(end: (row: Row) => void): Column<Row>[] {
  const words = texts.account.sessions;
  return [
    {
      id: "what",
      header: words.what,
      isName: true,
      minWidth: 240,
      cell: (row) => (
        <span className="chips">
          <span title={visible(row.user_agent)}>
            <Outside text={nameOf(row)} most={60} />
          </span>
          {row.is_current && <Chip tone="good">{words.current}</Chip>}
        </span>
      ),
      text: (row) => row.user_agent,
    },
    {
      id: "address",
      header: words.address,
      cell: (row) => (row.address ? <Outside text={row.address} most={60} code /> : texts.common.unknown),
      text: (row) => row.address,
    },
    { id: "began", header: words.began, cell: (row) => <Moment at={row.created_at} />, text: (row) => row.created_at },
    {
      id: "used",
      header: words.used,
      cell: (row) => <Moment at={row.last_used_at} />,
      text: (row) => row.last_used_at,
    },
    { id: "ends", header: words.ends, cell: (row) => <Moment at={row.ends_at} />, text: (row) => row.ends_at },
    {
      id: "end",
      header: words.end,
      cell: (row) =>
        row.is_current ? null : (
          <Button variant="inline-link" ariaLabel={words.endAria(visible(nameOf(row)))} onClick={() => end(row)}>
            {words.end}
          </Button>
        ),
      text: () => "",
    },
  ];
}

/** What somebody signed in with, as people call it. */
function nameOf(row: Row): string {
  const words = texts.account.sessions;
  const found = browserOf(row.user_agent);
  return found === undefined ? row.user_agent || words.script : words.browserOn(found.browser, found.system);
}

export function Sessions() {
  const client = useQueryClient();
  const words = texts.account.sessions;
  const { mutate } = useMutation({
    mutationFn: (row: Row) => done(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id: row.id } } })),
    onSuccess: async () => {
      notify({ type: "success", content: words.ended });
      await client.invalidateQueries({ queryKey: ["list", SOURCE.address] });
    },
    onError: (error) => {
      const said = sayOf(error);
      notify({ type: "error", header: said.title, content: said.detail ?? said.hint ?? "" });
    },
  });
  const its = useMemo(() => columns(mutate), [mutate]);
  return (
    <ResourceList
      isPart
      id="own-sessions"
      title={words.title}
      source={SOURCE}
      columns={its}
      rowKey={(row) => row.id}
      empty={texts.common.none}
    />
  );
}
