/** What was delivered by a channel, and what is sent again. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useMemo } from "react";
import { newKey } from "../../api/changes";
import { answered } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { actionColumn, momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type Delivery = Schema<"Delivery">;

const TYPES: Record<string, StatusIndicatorProps.Type> = { pending: "pending", delivered: "success", failed: "error" };

function columns(): Column<Delivery>[] {
  const words = texts.notifications.deliveries;
  return [
    textColumn("title", words.what, (row) => row.title, { isName: true, minWidth: 220, most: 120 }),
    textColumn("event", words.event, (row) => texts.notifications.eventNames[row.event] ?? row.event),
    {
      id: "state",
      header: words.state,
      cell: (row) => (
        <StatusIndicator type={TYPES[row.state] ?? "info"}>{words.states[row.state] ?? row.state}</StatusIndicator>
      ),
      text: (row) => row.state,
    },
    textColumn("result", words.result, (row) => row.result, { minWidth: 160, most: 120 }),
    { id: "attempts", header: words.attempts, cell: (row) => count(row.attempts), text: (row) => row.attempts },
    momentColumn("at", words.at, (row) => row.created_at),
    momentColumn("next", words.next, (row) => row.next_attempt_at, { hidden: true }),
    actionColumn((row) => <Replay row={row} />),
  ];
}

const COLUMNS = columns();

function Replay({ row }: { row: Delivery }) {
  const words = texts.notifications.deliveries;
  const may = useMay();
  if (row.state === "pending" || !may("notifications.manage")) {
    return null;
  }
  return (
    <Act
      variant="inline-link"
      label={words.replay}
      ariaLabel={`${words.replay}: ${visible(row.title).slice(0, 80)}`}
      run={() =>
        answered(
          api.POST("/api/v1/notifications/deliveries/{id}/replay", {
            params: { path: { id: row.id }, header: { "Idempotency-Key": newKey() } },
          }),
        )
      }
      done={words.replayed}
      renews={[["list", `/api/v1/notifications/channels/${encodeURIComponent(row.channel)}/deliveries`]]}
    />
  );
}

export function Deliveries({ id }: { id: string }) {
  const words = texts.notifications.deliveries;
  const source = useMemo(
    () => listAt("/api/v1/notifications/channels/{id}/deliveries", (page) => page.deliveries, { id }),
    [id],
  );
  return (
    <ResourceList
      isPart
      id="deliveries"
      title={words.title}
      description={words.description}
      source={source}
      columns={COLUMNS}
      rowKey={(row) => row.id}
      empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
    />
  );
}
