/** How people of the tenant sign in, and for how long. */
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Multiselect from "@cloudscape-design/components/multiselect";
import { useMutation } from "@tanstack/react-query";
import { type Tagged, tagged } from "../../api/changes";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { useRoles } from "../../components/forms/choices";
import { EditForm } from "../../components/forms/EditForm";
import { CheckField, isWhole, NumberField } from "../../components/forms/fields";
import { type Edited, useForm, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type Settings = Schema<"SessionSettingsDetail">;

const MINUTE_S = 60;
const HOUR_S = 3600;

export function SessionSettings() {
  const words = texts.settings.sessions;
  const edited = useTagged<Settings>(["session-settings"], (signal) =>
    tagged(api.GET("/api/v1/settings/sessions", { signal })),
  );
  const settings = edited.query.data?.data;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            <>
              {words.description}{" "}
              {settings?.updated_at ? (
                <>
                  {words.updated} <Moment at={settings.updated_at} /> {words.by}{" "}
                  <Outside text={settings.updated_by ?? ""} most={60} />.
                </>
              ) : (
                words.untouched
              )}
            </>
          }
        >
          {words.title}
        </Header>
      }
    >
      <Loaded query={edited.query}>{(state) => <Editor key={edited.epoch} state={state} edited={edited} />}</Loaded>
    </Container>
  );
}

function Editor({ state, edited }: { state: Tagged<Settings>; edited: Edited<Settings> }) {
  const words = texts.settings.sessions;
  const may = useMay();
  const known = useRoles();
  const { settings } = state.data;
  const [form, set] = useForm(() => ({
    idle: String((settings.idle_s ?? 28_800) / MINUTE_S),
    absolute: String((settings.absolute_s ?? 604_800) / HOUR_S),
    factor: settings.second_factor === true,
    roles: [...(settings.second_factor_roles ?? [])],
    failures: String(settings.failures_of_address ?? 30),
  }));
  const save = useMutation({
    mutationFn: () =>
      tagged(
        api.PUT("/api/v1/settings/sessions", {
          params: { header: { "if-match": state.etag } },
          body: {
            idle_s: Number(form.idle) * MINUTE_S,
            absolute_s: Number(form.absolute) * HOUR_S,
            second_factor: form.factor,
            second_factor_roles: form.factor ? [] : form.roles,
            failures_of_address: Number(form.failures),
          },
        }),
      ),
    onSuccess: (now) => {
      edited.saved(now);
      notify({ type: "success", content: words.saved });
    },
  });
  const option = (role: string) => ({ value: role, label: visible(role) });
  const isReady =
    may("people.manage") &&
    isWhole(form.idle, 5, 43_200) &&
    isWhole(form.absolute, 1, 2160) &&
    isWhole(form.failures, 5, 10_000);
  return (
    <EditForm
      submit={texts.common.save}
      isBusy={save.isPending}
      error={save.error}
      canSubmit={isReady}
      onSubmit={() => save.mutate()}
      onReload={edited.again}
    >
      <NumberField
        label={words.idle}
        hint={words.idleHint}
        value={form.idle}
        onChange={(idle) => set({ idle })}
        least={5}
        most={43_200}
      />
      <NumberField
        label={words.absolute}
        hint={words.absoluteHint}
        value={form.absolute}
        onChange={(absolute) => set({ absolute })}
        least={1}
        most={2160}
      />
      <CheckField
        label={words.factor}
        hint={words.factorHint}
        value={form.factor}
        onChange={(factor) => set({ factor })}
      />
      {!form.factor && (
        <FormField label={words.factorRoles}>
          <Multiselect
            options={known.map(({ name }) => option(name))}
            selectedOptions={form.roles.map(option)}
            filteringType="auto"
            expandToViewport
            placeholder={texts.common.none}
            onChange={({ detail }) => set({ roles: detail.selectedOptions.flatMap(({ value }) => value ?? []) })}
          />
        </FormField>
      )}
      <NumberField
        label={words.failures}
        value={form.failures}
        onChange={(failures) => set({ failures })}
        least={5}
        most={10_000}
      />
    </EditForm>
  );
}
