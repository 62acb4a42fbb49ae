/** Whether an agent is heard of. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { Schema } from "../../api/types";
import { useNow } from "../../components/Moment";
import { texts } from "../../texts";

type Agent = Schema<"AgentRow">;

/** After how long without a word an agent is silent, in milliseconds: as long as the server waits before it tells anybody. */
const SILENT_MS = 3_600_000;

/** The state of an agent at a time, in milliseconds since 1970. */
export function stateOf(agent: Agent, now: number): "active" | "silent" | "revoked" {
  if (agent.revoked_at) {
    return "revoked";
  }
  return now - new Date(agent.last_seen_at).getTime() > SILENT_MS ? "silent" : "active";
}

const TYPES = { active: "success", silent: "warning", revoked: "stopped" } as const;

export function AgentState({ agent }: { agent: Agent }) {
  const state = stateOf(agent, useNow());
  return <StatusIndicator type={TYPES[state]}>{texts.agents.states[state]}</StatusIndicator>;
}
