/** The form of a service that signs people in. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schema } from "../../api/types";
import { EditForm } from "../../components/forms/EditForm";
import { LinesField, linesOf, TextField } from "../../components/forms/fields";
import { areRolesChosen, RolesField } from "../../components/forms/Roles";
import { useForm } from "../../components/forms/useTagged";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type Group = Schema<"GroupRoles">;

interface ProviderFormProps {
  /** The one that is changed; absent for a new one. */
  first?: Schema<"IdentityProviderDetail">;
  submit: string;
  isBusy: boolean;
  error: unknown;
  canEdit: boolean;
  onSubmit: (id: string, body: Schema<"SetIdentityProvider">) => void;
  onCancel?: () => void;
  onReload?: () => void;
}

export function ProviderForm({ first, canEdit, onSubmit, ...rest }: ProviderFormProps) {
  const words = texts.access.providers;
  const [form, set] = useForm(() => ({
    id: first?.id ?? "",
    name: first?.name ?? "",
    issuer: first?.issuer ?? "",
    clientId: first?.client_id ?? "",
    secret: "",
    redirect: first?.redirect_uri ?? `${location.origin}/api/v1/sign-in/callback`,
    scopes: (first?.scopes ?? ["email", "profile"]).join("\n"),
    domains: (first?.email_domains ?? []).join("\n"),
    claim: first?.groups_claim ?? "groups",
    groups: [...(first?.groups ?? [])] as Group[],
    defaults: [...(first?.default_roles ?? [])],
  }));
  const isWhole =
    [form.id, form.name, form.issuer, form.clientId, form.redirect].every((text) => text.trim() !== "") &&
    areRolesChosen(form.defaults) &&
    form.groups.every(({ group, roles }) => group.trim() !== "" && areRolesChosen(roles));
  const submit = (): void =>
    onSubmit(form.id.trim(), {
      name: form.name.trim(),
      issuer: form.issuer.trim(),
      client_id: form.clientId.trim(),
      ...(form.secret === "" ? {} : { client_secret: form.secret }),
      redirect_uri: form.redirect.trim(),
      scopes: linesOf(form.scopes),
      email_domains: linesOf(form.domains),
      ...(form.claim.trim() === "" ? {} : { groups_claim: form.claim.trim() }),
      groups: form.groups,
      default_roles: form.defaults,
    });
  return (
    <EditForm {...rest} canSubmit={canEdit && isWhole} onSubmit={submit}>
      <TextField
        label={words.id}
        hint={words.idHint}
        value={form.id}
        onChange={(id) => set({ id })}
        isDisabled={first !== undefined}
      />
      <TextField
        label={words.name}
        hint={words.nameHint}
        value={form.name}
        onChange={(name) => set({ name })}
        most={100}
      />
      <TextField
        label={words.issuer}
        hint={words.issuerHint}
        value={form.issuer}
        onChange={(issuer) => set({ issuer })}
        most={512}
      />
      <TextField
        label={words.clientId}
        hint={words.clientIdHint}
        value={form.clientId}
        onChange={(clientId) => set({ clientId })}
        most={256}
      />
      <TextField
        label={words.secret}
        hint={first?.has_client_secret ? words.secretStays : words.secretNew}
        value={form.secret}
        onChange={(secret) => set({ secret })}
        isSecret
        isOptional
      />
      <TextField
        label={words.redirect}
        hint={words.redirectHint}
        value={form.redirect}
        onChange={(redirect) => set({ redirect })}
      />
      <LinesField label={words.scopes} value={form.scopes} onChange={(scopes) => set({ scopes })} isOptional />
      <LinesField
        label={words.emailDomains}
        hint={words.emailDomainsHint}
        value={form.domains}
        onChange={(domains) => set({ domains })}
        isOptional
      />
      <TextField
        label={words.groupsClaim}
        hint={words.groupsClaimHint}
        value={form.claim}
        onChange={(claim) => set({ claim })}
        isOptional
      />
      <Groups groups={form.groups} onChange={(groups) => set({ groups })} />
      <RolesField
        label={words.defaultRoles}
        hint={words.defaultRolesHint}
        value={form.defaults}
        onChange={(defaults) => set({ defaults })}
      />
    </EditForm>
  );
}

function Groups({ groups, onChange }: { groups: readonly Group[]; onChange: (groups: Group[]) => void }) {
  const words = texts.access.providers;
  const change = (index: number, next: Group) => onChange(groups.map((one, at) => (at === index ? next : one)));
  return (
    <SpaceBetween size="s">
      <Box variant="h3">{words.groupsTitle}</Box>
      {groups.map((group, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a group's name is written here, so it is no key
        <div key={index} className="group-box">
          <SpaceBetween size="s">
            <TextField
              label={words.group}
              value={group.group}
              onChange={(name) => change(index, { ...group, group: name })}
              most={256}
            />
            <RolesField
              label={texts.access.people.roles}
              value={group.roles}
              onChange={(roles) => change(index, { ...group, roles })}
            />
            <Button
              variant="inline-link"
              formAction="none"
              onClick={() => onChange(groups.filter((_, at) => at !== index))}
            >
              {words.removeGroup(visible(group.group).slice(0, 60))}
            </Button>
          </SpaceBetween>
        </div>
      ))}
      <Button
        iconName="add-plus"
        formAction="none"
        disabled={groups.length >= 200}
        onClick={() => onChange([...groups, { group: "", roles: [{ role: "", collections: [] }] }])}
      >
        {words.addGroup}
      </Button>
    </SpaceBetween>
  );
}
