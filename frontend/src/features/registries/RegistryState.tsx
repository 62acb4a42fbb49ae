/** How the last look at a registry went. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { Schema } from "../../api/types";
import { texts } from "../../texts";

type Registry = Schema<"RegistryDetail">;

/** The state of a registry. */
export function stateOf({
  settings,
  last_run: run,
}: Registry): "off" | "never" | "running" | "problems" | "nothing" | "good" {
  if (settings.enabled === false) {
    return "off";
  }
  if (!run) {
    return "never";
  }
  if ((run.problems ?? []).length > 0) {
    return "problems";
  }
  if ((run.repositories ?? 0) === 0) {
    return "nothing";
  }
  return (run.repositories_done ?? 0) < (run.repositories ?? 0) ? "running" : "good";
}

const TYPES = {
  off: "stopped",
  never: "pending",
  running: "in-progress",
  problems: "error",
  nothing: "pending",
  good: "success",
} as const;

/** The same as a text. */
export function stateText(registry: Registry): string {
  const state = stateOf(registry);
  const words = texts.registries;
  return state === "problems" ? words.problems(registry.last_run?.problems?.length ?? 0) : words[state];
}

export function RegistryState({ registry }: { registry: Registry }) {
  return <StatusIndicator type={TYPES[stateOf(registry)]}>{stateText(registry)}</StatusIndicator>;
}
