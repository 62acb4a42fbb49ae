/** One entry of the audit log: how the thing was before and afterwards. */
import Box from "@cloudscape-design/components/box";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { CodeBlock } from "../../components/forms/CodeBlock";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

export function AuditDetail({ entry }: { entry: Schema<"AuditEntry"> }) {
  const words = texts.access.audit;
  const { actor, origin, target } = entry;
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={2}
        items={[
          { label: words.at, value: <Moment at={entry.at} plain /> },
          { label: words.operation, value: <Outside text={entry.operation} /> },
          { label: words.actor, value: <Outside text={`${actor.kind} ${actor.id}`} most={120} /> },
          { label: words.rolesThen, value: <Outside text={(actor.roles ?? []).join(", ") || "–"} /> },
          { label: words.target, value: <Outside text={target ? `${target.kind} ${target.id}` : "–"} most={200} /> },
          { label: words.outcome, value: words.outcomes[entry.outcome] ?? entry.outcome },
          { label: words.from, value: <Outside text={origin.address ?? "–"} /> },
          { label: words.client, value: <Outside text={origin.user_agent ?? "–"} most={200} /> },
          ...(origin.request_id ? [{ label: words.request, value: <Copyable text={origin.request_id} /> }] : []),
          { label: words.hash, value: <Copyable text={entry.hash} shown={`${entry.hash.slice(0, 19)}…`} /> },
        ]}
      />
      <State label={words.before} state={entry.before} />
      <State label={words.after} state={entry.after} />
    </SpaceBetween>
  );
}

function State({ label, state }: { label: string; state: unknown }) {
  return (
    <div>
      <Box variant="h3">{label}</Box>
      {state === undefined || state === null ? (
        texts.access.audit.nothing
      ) : (
        <CodeBlock text={visible(JSON.stringify(state, null, 2))} label={label} />
      )}
    </div>
  );
}
