/** A channel in words. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { Schema } from "../../api/types";
import { texts } from "../../texts";

type Channel = Schema<"Channel">;

/** Where a channel leads. */
export function whereText({ target }: Channel): string {
  switch (target.kind) {
    case "webhook":
    case "ocsf":
      return target.url;
    case "slack":
    case "teams":
      return target.host;
    case "syslog":
      return `${target.host}:${target.port}`;
    case "email":
      return target.mail.to.join(", ");
    case "jira":
      return `${target.jira.url} ${target.jira.project}`;
    default:
      return "";
  }
}

/** Whether what it is told arrives. */
export function stateOf(channel: Channel): keyof typeof texts.notifications.states {
  if (channel.disabled_reason) {
    return "stopped";
  }
  if (!channel.enabled) {
    return "off";
  }
  if (channel.health.failing) {
    return "failing";
  }
  return channel.health.failing_since ? "trouble" : "good";
}

const TYPES = { off: "stopped", stopped: "error", failing: "error", trouble: "warning", good: "success" } as const;

export function ChannelState({ channel }: { channel: Channel }) {
  const state = stateOf(channel);
  return <StatusIndicator type={TYPES[state]}>{texts.notifications.states[state]}</StatusIndicator>;
}

/** The events that a channel is told of. */
export function eventsText({ wants }: Channel): string {
  return wants.events.map((event) => texts.notifications.eventNames[event] ?? event).join(", ");
}
