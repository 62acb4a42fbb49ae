/** Where a channel leads: the fields of each kind. */
import { ChoiceField, LinesField, linesOf, NumberField, TextField } from "../../components/forms/fields";
import type { TargetForm } from "../../domain/channel";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

interface TargetFieldsProps {
  form: TargetForm;
  set: (part: Partial<TargetForm>) => void;
  /** The host of the address that is set and kept secret. */
  secretHost: string | undefined;
  /** Whether a channel of this kind is changed, whose other secrets stay where they are left empty. */
  isChange: boolean;
}

export function TargetFields(props: TargetFieldsProps) {
  return (
    <div className="fields">
      <Fields {...props} />
    </div>
  );
}

function Fields(props: TargetFieldsProps) {
  const { form } = props;
  const words = texts.notifications.form;
  switch (form.kind) {
    case "slack":
    case "teams":
      return <SecretAddress {...props} />;
    case "webhook":
    case "ocsf":
      return <Address {...props} />;
    case "ocsf_store":
      return <div>{words.store}</div>;
    case "syslog":
    case "email":
      return <Server {...props} />;
    case "jira":
      return <Jira {...props} />;
  }
}

function SecretAddress({ form, set, secretHost }: TargetFieldsProps) {
  const words = texts.notifications.form;
  return (
    <TextField
      label={words.url}
      hint={secretHost === undefined ? words.secretUrlHint : words.urlStays(visible(secretHost).slice(0, 120))}
      value={form.url}
      onChange={(url) => set({ url })}
      isSecret
      isOptional={secretHost !== undefined}
    />
  );
}

function Address({ form, set, isChange }: TargetFieldsProps) {
  const words = texts.notifications.form;
  return (
    <>
      <TextField label={words.url} hint={words.urlHint} value={form.url} onChange={(url) => set({ url })} />
      {form.kind === "ocsf" && (
        <TextField
          label={words.authorization}
          hint={`${words.authorizationHint}${isChange ? ` ${words.stays}` : ""}`}
          value={form.secret}
          onChange={(secret) => set({ secret })}
          most={2048}
          isSecret
          isOptional
        />
      )}
    </>
  );
}

function Server({ form, set, isChange }: TargetFieldsProps) {
  const words = texts.notifications.form;
  return (
    <>
      <TextField label={words.host} value={form.host} onChange={(host) => set({ host })} />
      <NumberField label={words.port} value={form.port} onChange={(port) => set({ port })} least={1} most={65_535} />
      {form.kind === "syslog" ? (
        <ChoiceField
          label={words.transport}
          value={form.transport}
          onChange={(transport) => set({ transport })}
          options={(["tls", "tcp"] as const).map((value) => ({ value, label: words.transports[value] }))}
        />
      ) : (
        <>
          <ChoiceField
            label={words.encryption}
            value={form.encryption}
            onChange={(encryption) => set({ encryption })}
            options={(["tls", "starttls", "none"] as const).map((value) => ({
              value,
              label: words.encryptions[value],
            }))}
          />
          <TextField label={words.from} value={form.from} onChange={(from) => set({ from })} />
          <LinesField
            label={words.to}
            hint={words.toHint}
            value={form.to.join("\n")}
            onChange={(to) => set({ to: to.split("\n") })}
          />
          <TextField label={words.user} value={form.user} onChange={(user) => set({ user })} isOptional />
          <TextField
            label={words.password}
            hint={isChange ? words.stays : undefined}
            value={form.secret}
            onChange={(secret) => set({ secret })}
            isSecret
            isOptional
          />
        </>
      )}
      <LinesField
        label={words.authorities}
        hint={words.authoritiesHint}
        value={form.authorities}
        onChange={(authorities) => set({ authorities })}
        isOptional
        isText
      />
    </>
  );
}

function Jira({ form, set, isChange }: TargetFieldsProps) {
  const words = texts.notifications.form;
  return (
    <>
      <ChoiceField
        label={words.deployment}
        value={form.deployment}
        onChange={(deployment) => set({ deployment })}
        options={(["cloud", "data_center"] as const).map((value) => ({ value, label: words.deployments[value] }))}
      />
      <TextField label={words.url} hint={words.urlHint} value={form.url} onChange={(url) => set({ url })} />
      <TextField label={words.project} value={form.project} onChange={(project) => set({ project })} />
      <TextField label={words.issueType} value={form.issueType} onChange={(issueType) => set({ issueType })} />
      <TextField
        label={words.transition}
        hint={words.transitionHint}
        value={form.transition}
        onChange={(transition) => set({ transition })}
        isOptional
      />
      {form.deployment === "cloud" && (
        <TextField label={words.user} value={form.user} onChange={(user) => set({ user })} />
      )}
      <TextField
        label={words.token}
        hint={isChange ? words.stays : undefined}
        value={form.secret}
        onChange={(secret) => set({ secret })}
        isSecret
        isOptional={isChange}
      />
    </>
  );
}

/** The addresses that were written, without empty lines. */
export function written(form: TargetForm): TargetForm {
  return { ...form, to: linesOf(form.to.join("\n")) };
}
