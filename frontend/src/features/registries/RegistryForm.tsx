/** The form of a registry. Credentials that are set are never shown; they stay, are replaced, or are forgotten. */
import Box from "@cloudscape-design/components/box";
import type { Schema } from "../../api/types";
import { EditForm } from "../../components/forms/EditForm";
import {
  CheckField,
  ChoiceField,
  isWhole,
  LinesField,
  linesOf,
  NumberField,
  TextField,
} from "../../components/forms/fields";
import { useForm } from "../../components/forms/useTagged";
import { moment } from "../../domain/format";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type Kind = Schema<"RegistryKind">;
type Choice = keyof typeof texts.registries.form.kinds;

const KINDS = [
  "generic",
  "docker_hub",
  "harbor",
  "acr",
  "ecr",
  "artifact_registry",
  "ghcr",
  "quay",
  "gitlab",
  "artifactory",
  "aliyun",
] as const satisfies readonly Kind[];
/** Products whose own interface has an address of its own. */
const WITH_API: readonly Kind[] = ["docker_hub", "harbor", "ghcr", "quay", "gitlab"];

interface RegistryFormProps {
  /** The one that is changed; absent for a new one. */
  first?: Schema<"RegistryDetail">;
  submit: string;
  isBusy: boolean;
  error: unknown;
  onSubmit: (registry: Schema<"NewRegistry">) => void;
  onCancel?: () => void;
  onReload?: () => void;
}

export function RegistryForm({ first, onSubmit, ...rest }: RegistryFormProps) {
  const all = texts.registries;
  const words = all.form;
  const before = first?.credentials ?? undefined;
  const [form, set] = useForm(() => ({
    name: first?.settings.name ?? "",
    address: first?.settings.address ?? "",
    kind: (first?.settings.kind ?? "generic") as Kind,
    api: first?.settings.api ?? "",
    enabled: first?.settings.enabled !== false,
    hours: first === undefined ? "6" : String(first.settings.every_hours ?? ""),
    repositories: (first?.settings.scope.repositories ?? []).join("\n"),
    tags: (first?.settings.scope.tags ?? []).join("\n"),
    newest: String(first?.settings.scope.newest ?? 10),
    platforms: (first?.settings.scope.platforms ?? []).join("\n"),
    credentials: (before === undefined ? "none" : "keep") as Choice,
    user: "",
    secret: "",
  }));
  const isMoved = before !== undefined && first !== undefined && form.address.trim() !== first.settings.address;
  const isNew = form.credentials !== "none" && form.credentials !== "keep";
  const hasUser = form.credentials === "password" || form.credentials === "aws_keys";
  const isReady =
    form.name.trim() !== "" &&
    form.address.trim() !== "" &&
    linesOf(form.repositories).length > 0 &&
    (form.hours.trim() === "" || isWhole(form.hours, 1, 720)) &&
    isWhole(form.newest, 1, 1000) &&
    (!isNew || form.secret !== "");
  const submit = (): void =>
    onSubmit({
      settings: {
        name: form.name.trim(),
        address: form.address.trim(),
        kind: form.kind,
        ...(form.api.trim() === "" ? {} : { api: form.api.trim() }),
        enabled: form.enabled,
        ...(form.hours.trim() === "" ? {} : { every_hours: Number(form.hours) }),
        scope: {
          repositories: linesOf(form.repositories),
          tags: linesOf(form.tags),
          newest: Number(form.newest),
          platforms: linesOf(form.platforms),
        },
      },
      ...(form.credentials === "none" || form.credentials === "keep"
        ? {}
        : {
            credentials: {
              kind: form.credentials,
              secret: form.secret,
              ...(hasUser && form.user !== "" ? { user: form.user } : {}),
            },
          }),
      forget_credentials: form.credentials === "none" && before !== undefined,
    });
  const choices: Choice[] = [
    ...(before === undefined ? [] : (["keep"] as const)),
    "none",
    "password",
    "identity_token",
    "bearer_token",
    "aws_keys",
  ];
  return (
    <EditForm {...rest} canSubmit={isReady} onSubmit={submit}>
      <TextField label={all.name} value={form.name} onChange={(name) => set({ name })} most={100} />
      <ChoiceField
        label={all.kind}
        value={form.kind}
        onChange={(kind) => set({ kind })}
        options={KINDS.map((value) => ({ value, label: all.kinds[value] ?? value }))}
      />
      <TextField
        label={all.address}
        hint={words.addressHint}
        value={form.address}
        onChange={(address) => set({ address })}
        most={255}
      />
      {WITH_API.includes(form.kind) && (
        <TextField
          label={words.api}
          hint={words.apiHint}
          value={form.api}
          onChange={(api) => set({ api })}
          most={2048}
          isOptional
        />
      )}
      <LinesField
        label={all.repositories}
        hint={words.repositoriesHint}
        value={form.repositories}
        onChange={(repositories) => set({ repositories })}
      />
      <LinesField
        label={all.tags}
        hint={words.tagsHint}
        value={form.tags}
        onChange={(tags) => set({ tags })}
        isOptional
      />
      <NumberField
        label={words.newest}
        value={form.newest}
        onChange={(newest) => set({ newest })}
        least={1}
        most={1000}
      />
      <LinesField
        label={words.platforms}
        hint={words.platformsHint}
        value={form.platforms}
        onChange={(platforms) => set({ platforms })}
        rows={2}
        isOptional
      />
      <NumberField
        label={words.hours}
        hint={words.hoursHint}
        value={form.hours}
        onChange={(hours) => set({ hours })}
        least={1}
        most={720}
        isOptional
      />
      <CheckField label={words.enabled} value={form.enabled} onChange={(enabled) => set({ enabled })} />
      <Box variant="h3">{words.credentials}</Box>
      <ChoiceField
        label={words.kindOf}
        hint={
          before === undefined
            ? undefined
            : words.set(
                words.kinds[before.kind === "unknown" ? "none" : before.kind],
                visible(before.user ?? "").slice(0, 80),
                moment(before.set_at),
              )
        }
        error={isMoved && form.credentials === "keep" ? words.moved : undefined}
        value={form.credentials}
        onChange={(credentials) => set({ credentials, user: "", secret: "" })}
        options={choices.map((value) => ({ value, label: words.kinds[value] }))}
      />
      {hasUser && (
        <TextField
          label={form.credentials === "aws_keys" ? words.accessKey : words.user}
          value={form.user}
          onChange={(user) => set({ user })}
          most={256}
        />
      )}
      {isNew && (
        <TextField
          label={
            form.credentials === "password"
              ? words.secret
              : form.credentials === "aws_keys"
                ? words.secretKey
                : words.token
          }
          value={form.secret}
          onChange={(secret) => set({ secret })}
          isSecret
        />
      )}
    </EditForm>
  );
}
