/** The list of agents, with the silent ones at hand. */
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Moment, useNow } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { To } from "../../components/To";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";
import { AgentState, stateOf } from "./state";

const SOURCE = listAt("/api/v1/agents", (page) => page.agents);

function columns(): Column<Schema<"AgentRow">>[] {
  const words = texts.agents.columns;
  return [
    {
      id: "host",
      header: words.host,
      isName: true,
      minWidth: 180,
      cell: (row) => (
        <To href={`/agents/${encodeURIComponent(row.id)}`}>
          <Outside text={row.host_name} most={80} />
        </To>
      ),
      text: (row) => row.host_name,
    },
    {
      id: "state",
      header: words.state,
      cell: (row) => <AgentState agent={row} />,
      text: (row) => texts.agents.states[stateOf(row, Date.now())],
    },
    {
      id: "seen",
      header: words.seen,
      cell: (row) => <Moment at={row.last_seen_at} />,
      text: (row) => row.last_seen_at,
    },
    {
      id: "platform",
      header: words.platform,
      cell: (row) => <Outside text={row.platform} most={40} />,
      text: (row) => row.platform,
    },
    {
      id: "software",
      header: words.software,
      cell: (row) => <Outside text={row.software} most={40} />,
      text: (row) => row.software,
    },
    {
      id: "enrolled",
      header: words.enrolled,
      cell: (row) => <Moment at={row.enrolled_at} />,
      text: (row) => row.enrolled_at,
    },
    {
      id: "key",
      header: words.key,
      hidden: true,
      cell: (row) => <Moment at={row.key_since ?? row.enrolled_at} />,
      text: (row) => row.key_since ?? row.enrolled_at,
    },
    {
      id: "token",
      header: words.token,
      hidden: true,
      cell: (row) => <Outside text={row.enrolled_with} code />,
      text: (row) => row.enrolled_with,
    },
    { id: "id", header: words.id, hidden: true, cell: (row) => <Outside text={row.id} code />, text: (row) => row.id },
  ];
}

function filters(): ListFilter[] {
  const words = texts.agents.filters;
  return [
    {
      key: "state",
      label: words.state,
      kind: "words",
      words: [
        { word: "active", label: words.active },
        { word: "revoked", label: words.revoked },
      ],
    },
    { key: "silent_since", label: words.silent, kind: "text" },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function AgentsList() {
  const words = texts.agents;
  const install = (
    <Go href="/agents?tab=install" variant="primary">
      {words.install}
    </Go>
  );
  return (
    <ResourceList
      isPart
      id="agents"
      title={words.title}
      description={<Silent />}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => row.id}
      actions={install}
      empty={
        <Empty title={words.empty} action={install}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}

const SPANS_MS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;

/** Links to the agents that were not heard of for a while. */
function Silent() {
  const now = useNow();
  const words = texts.agents;
  return (
    <span>
      {words.silentFor}{" "}
      {(["hour", "day", "week"] as const).map((span, index) => (
        <span key={span}>
          {index > 0 && " · "}
          <To
            href={`/agents?state=active&silent_since=${encodeURIComponent(new Date(now - SPANS_MS[span]).toISOString())}`}
          >
            {words[span]}
          </To>
        </span>
      ))}
    </span>
  );
}
