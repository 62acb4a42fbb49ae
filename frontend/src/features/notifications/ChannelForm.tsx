/** The form of a channel: where it leads, what it is told of, and of which findings. */
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schema } from "../../api/types";
import { CollectionsField } from "../../components/forms/Collections";
import { EditForm } from "../../components/forms/EditForm";
import { CheckField, ChoiceField, TextField } from "../../components/forms/fields";
import { useForm } from "../../components/forms/useTagged";
import { CHANNEL_KINDS, EMPTY_TARGET, isTargetWhole, type TargetForm, targetOf } from "../../domain/channel";
import { texts } from "../../texts";
import { TargetFields, written } from "./TargetFields";

type Event = Schema<"NotificationEvent">;

const EVENTS = [
  "findings.new",
  "findings.fixed",
  "agent.silent",
  "agent.heard",
  "feed.failed",
  "feed.recovered",
  "registry.failed",
  "registry.recovered",
  "dead_letters.waiting",
  "dead_letters.cleared",
] as const satisfies readonly Event[];
const SEVERITIES = ["critical", "high", "medium", "low"] as const;

/** What is shown of where a channel leads, as a form. */
function formOf(target: Schema<"ChannelTarget"> | undefined): TargetForm {
  if (target === undefined || target.kind === "unknown") {
    return EMPTY_TARGET;
  }
  const form = { ...EMPTY_TARGET, kind: target.kind };
  switch (target.kind) {
    case "webhook":
    case "ocsf":
      return { ...form, url: target.url };
    case "syslog":
      return {
        ...form,
        host: target.host,
        port: String(target.port),
        transport: target.transport === "tcp" ? "tcp" : "tls",
        authorities: target.authorities ?? "",
      };
    case "email": {
      const { mail } = target;
      return {
        ...form,
        host: mail.host,
        port: String(mail.port),
        encryption: mail.encryption === "tls" || mail.encryption === "none" ? mail.encryption : "starttls",
        from: mail.from,
        to: mail.to,
        user: mail.user ?? "",
        authorities: mail.authorities ?? "",
      };
    }
    case "jira": {
      const { jira } = target;
      return {
        ...form,
        url: jira.url,
        project: jira.project,
        issueType: jira.issue_type,
        deployment: jira.deployment === "data_center" ? "data_center" : "cloud",
        user: jira.user ?? "",
        transition: jira.transition ?? "",
      };
    }
    default:
      return form;
  }
}

interface ChannelFormProps {
  /** The one that is changed; absent for a new one. */
  first?: Schema<"Channel">;
  submit: string;
  isBusy: boolean;
  error: unknown;
  onSubmit: (channel: Schema<"NewChannel">) => void;
  onCancel?: () => void;
  onReload?: () => void;
}

export function ChannelForm({ first, onSubmit, ...rest }: ChannelFormProps) {
  const all = texts.notifications;
  const words = all.form;
  const conditions = first?.wants.conditions;
  const [target, setTarget] = useForm(() => formOf(first?.target));
  const [form, set] = useForm(() => ({
    name: first?.name ?? "",
    enabled: first?.enabled ?? true,
    events: (first?.wants.events ?? ["findings.new"]) as Event[],
    severity: (SEVERITIES.find((one) => one === conditions?.min_severity) ?? "any") as
      | (typeof SEVERITIES)[number]
      | "any",
    exploited: conditions?.known_exploited === true,
    fixable: conditions?.fixable === true,
    epss: typeof conditions?.min_epss === "number" ? String(Math.round(conditions.min_epss * 10_000) / 100) : "",
    collections: [...(first?.wants.collections ?? [])],
  }));
  const isChange = first !== undefined && first.target.kind === target.kind;
  const secretHost =
    isChange && (first.target.kind === "slack" || first.target.kind === "teams") ? first.target.host : undefined;
  const epss = form.epss.trim() === "" ? undefined : Number(form.epss);
  const isEpssGood = epss === undefined || (epss >= 0 && epss <= 100);
  const isReady =
    form.name.trim() !== "" &&
    form.events.length > 0 &&
    isEpssGood &&
    isTargetWhole(written(target), secretHost !== undefined);
  const submit = (): void =>
    onSubmit({
      name: form.name.trim(),
      enabled: form.enabled,
      target: targetOf(written(target)),
      wants: {
        events: form.events,
        conditions: {
          known_exploited: form.exploited,
          fixable: form.fixable,
          ...(form.severity === "any" ? {} : { min_severity: form.severity }),
          ...(epss === undefined ? {} : { min_epss: epss / 100 }),
        },
        collections: form.collections,
      },
    });
  return (
    <EditForm {...rest} canSubmit={isReady} onSubmit={submit}>
      <TextField label={all.name} value={form.name} onChange={(name) => set({ name })} most={100} />
      <ChoiceField
        label={all.kind}
        value={target.kind}
        // What is secret of one kind is nothing of another.
        onChange={(kind) => setTarget({ kind, secret: "", ...(kind === target.kind ? {} : { url: "" }) })}
        options={CHANNEL_KINDS.map((value) => ({ value, label: all.kinds[value] }))}
      />
      <TargetFields form={target} set={setTarget} secretHost={secretHost} isChange={isChange} />
      <FormField label={words.events} stretch>
        <div className="check-grid">
          {EVENTS.map((event) => (
            <CheckField
              key={event}
              label={all.eventNames[event] ?? event}
              value={form.events.includes(event)}
              onChange={(isWanted) =>
                set({ events: isWanted ? [...form.events, event] : form.events.filter((one) => one !== event) })
              }
            />
          ))}
        </div>
      </FormField>
      <Box variant="h3">{words.conditions}</Box>
      <ChoiceField
        label={words.severity}
        value={form.severity}
        onChange={(severity) => set({ severity })}
        options={[
          { value: "any" as const, label: words.anySeverity },
          ...SEVERITIES.map((value) => ({ value, label: texts.common.severity[value] })),
        ]}
      />
      <SpaceBetween size="xs">
        <CheckField label={words.exploited} value={form.exploited} onChange={(exploited) => set({ exploited })} />
        <CheckField label={words.fixable} value={form.fixable} onChange={(fixable) => set({ fixable })} />
      </SpaceBetween>
      <TextField
        label={words.epss}
        value={form.epss}
        onChange={(next) => set({ epss: next })}
        error={isEpssGood ? undefined : words.epssWrong}
        isOptional
      />
      <CollectionsField
        label={words.collections}
        value={form.collections}
        onChange={(collections) => set({ collections })}
        placeholder={texts.forms.anyCollection}
      />
      <Box color="text-body-secondary">{words.collectionsHint}</Box>
      <CheckField label={words.enabled} value={form.enabled} onChange={(enabled) => set({ enabled })} />
    </EditForm>
  );
}
