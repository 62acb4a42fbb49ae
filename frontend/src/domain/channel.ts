/** The form of a channel: one flat set of fields for all kinds, and what of it is sent for each. */

/** The kinds that can be made, in the order of the form. */
export const CHANNEL_KINDS = ["webhook", "slack", "teams", "email", "jira", "syslog", "ocsf", "ocsf_store"] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** What is written about where a channel leads. */
export interface TargetForm {
  kind: ChannelKind;
  url: string;
  /** Header, password or token: what is secret of it beside its address. Empty where the one that is set stays. */
  secret: string;
  host: string;
  port: string;
  transport: "tls" | "tcp";
  authorities: string;
  encryption: "tls" | "starttls" | "none";
  user: string;
  from: string;
  to: readonly string[];
  deployment: "cloud" | "data_center";
  project: string;
  issueType: string;
  transition: string;
}

/** A form that nothing was written into. */
export const EMPTY_TARGET: TargetForm = {
  kind: "webhook",
  url: "",
  secret: "",
  host: "",
  port: "",
  transport: "tls",
  authorities: "",
  encryption: "starttls",
  user: "",
  from: "",
  to: [],
  deployment: "cloud",
  project: "",
  issueType: "Task",
  transition: "",
};

const some = <K extends string>(key: K, value: string): { [P in K]?: string } =>
  (value.trim() === "" ? {} : { [key]: value.trim() }) as { [P in K]?: string };

/** What is sent: of the form only what its kind has, and nothing for what is empty. */
export function targetOf(form: TargetForm) {
  switch (form.kind) {
    case "webhook":
      return { kind: form.kind, url: form.url.trim() };
    case "slack":
      return { kind: form.kind, ...some("url", form.url) };
    case "teams":
      return { kind: form.kind, ...some("url", form.url) };
    case "ocsf":
      return { kind: form.kind, url: form.url.trim(), ...some("authorization", form.secret) };
    case "ocsf_store":
      return { kind: form.kind };
    case "syslog":
      return {
        kind: form.kind,
        host: form.host.trim(),
        port: Number(form.port),
        transport: form.transport,
        ...some("authorities", form.authorities),
      };
    case "email":
      return {
        kind: form.kind,
        mail: {
          host: form.host.trim(),
          port: Number(form.port),
          encryption: form.encryption,
          from: form.from.trim(),
          to: [...form.to],
          ...some("user", form.user),
          ...some("authorities", form.authorities),
        },
        ...(form.secret === "" ? {} : { password: form.secret }),
      };
    case "jira":
      return {
        kind: form.kind,
        jira: {
          url: form.url.trim(),
          project: form.project.trim(),
          issue_type: form.issueType.trim(),
          deployment: form.deployment,
          ...some("user", form.user),
          ...some("transition", form.transition),
        },
        ...(form.secret === "" ? {} : { token: form.secret }),
      };
  }
}

/** Whether what the kind cannot do without is there. `isSet` tells that a secret address is set already, and may stay. */
export function isTargetWhole(form: TargetForm, isSet: boolean): boolean {
  const has = (...texts: string[]): boolean => texts.every((text) => text.trim() !== "");
  const port = Number(form.port);
  const hasPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
  switch (form.kind) {
    case "webhook":
    case "ocsf":
      return has(form.url);
    case "slack":
    case "teams":
      return isSet || has(form.url);
    case "ocsf_store":
      return true;
    case "syslog":
      return has(form.host) && hasPort;
    case "email":
      return has(form.host, form.from) && hasPort && form.to.length > 0;
    case "jira":
      return has(form.url, form.project, form.issueType);
  }
}
