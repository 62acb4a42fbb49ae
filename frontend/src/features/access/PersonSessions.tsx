/** Where somebody is signed in, and the end of it. */
import { useMemo } from "react";
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { actionColumn, momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { texts } from "../../texts";

type Session = Schema<"SessionDetail">;

function columns(): Column<Session>[] {
  const words = texts.access.people;
  return [
    textColumn("agent", words.agent, (row) => row.user_agent, { isName: true, minWidth: 200 }),
    textColumn("from", words.from, (row) => row.address),
    momentColumn("used", words.lastUsed, (row) => row.last_used_at),
    momentColumn("begun", words.begun, (row) => row.created_at),
    momentColumn("ends", words.ends, (row) => row.ends_at),
    actionColumn((row) => <End row={row} />),
  ];
}

const COLUMNS = columns();

export function PersonSessions({ user }: { user: string }) {
  const words = texts.access.people;
  const may = useMay();
  const source = useMemo(() => {
    const list = listAt("/api/v1/sessions", (page) => page.sessions);
    return { ...list, address: `${list.address}?user=${encodeURIComponent(user)}` };
  }, [user]);
  if (!may("people.manage")) {
    return null;
  }
  return (
    <ResourceList
      isPart
      id="sessions-of"
      title={words.sessions}
      source={source}
      columns={COLUMNS}
      rowKey={(row) => row.id}
      empty={<Empty title={words.noSessions} />}
    />
  );
}

function End({ row }: { row: Session }) {
  const words = texts.access.people;
  return (
    <Act
      variant="inline-link"
      label={words.end}
      run={() =>
        done(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id: row.id }, query: { user: row.user } } }))
      }
      done={words.ended}
      renews={[["list"]]}
    />
  );
}
