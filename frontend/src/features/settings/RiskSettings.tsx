/** Which labels make hosts and images critical: what of a score only the tenant knows. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type Tagged, tagged } from "../../api/changes";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { EditForm } from "../../components/forms/EditForm";
import { LinesField, linesOf } from "../../components/forms/fields";
import { type Edited, useForm, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Chip } from "../../components/Severity";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import { type LabelTrouble, labelTrouble, MOST_BYTES, MOST_PATTERNS } from "../../domain/labels";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type Settings = Schema<"RiskSettingsDetail">;

export function RiskSettings() {
  const words = texts.settings.risk;
  const may = useMay();
  const edited = useTagged<Settings>(["risk-settings"], (signal) =>
    tagged(api.GET("/api/v1/settings/risk", { signal })),
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
              ) : settings === undefined ? null : (
                words.untouched
              )}
            </>
          }
        >
          {words.title}
        </Header>
      }
    >
      <Loaded query={edited.query}>
        {(state) =>
          may("policies.manage") ? (
            <Editor key={edited.epoch} state={state} edited={edited} />
          ) : (
            <Patterns patterns={state.data.settings.critical_labels ?? []} />
          )
        }
      </Loaded>
    </Container>
  );
}

/** The patterns for who may not change them. */
function Patterns({ patterns }: { patterns: readonly string[] }) {
  const words = texts.settings.risk;
  return (
    <SpaceBetween size="xs">
      <div className="quiet">{words.readOnly}</div>
      {patterns.length === 0 ? (
        words.none
      ) : (
        <ul className="plain-list" aria-label={words.labels}>
          {patterns.map((pattern) => (
            <li key={pattern}>
              <Chip>
                <Outside text={pattern} most={120} />
              </Chip>
            </li>
          ))}
        </ul>
      )}
    </SpaceBetween>
  );
}

function troubleText(trouble: LabelTrouble | undefined): string | undefined {
  const words = texts.settings.risk.troubles;
  if (trouble === undefined) {
    return undefined;
  }
  return trouble.kind === "many"
    ? words.many(count(trouble.count), count(MOST_PATTERNS))
    : words[trouble.kind](visible(trouble.pattern.slice(0, 60)), count(MOST_BYTES));
}

function Editor({ state, edited }: { state: Tagged<Settings>; edited: Edited<Settings> }) {
  const words = texts.settings.risk;
  const [form, set] = useForm(() => ({ labels: (state.data.settings.critical_labels ?? []).join("\n") }));
  const patterns = linesOf(form.labels);
  const trouble = labelTrouble(patterns);
  const save = useMutation({
    mutationFn: () =>
      tagged(
        api.PUT("/api/v1/settings/risk", {
          params: { header: state.etag === "" ? {} : { "if-match": state.etag } },
          body: { critical_labels: [...new Set(patterns)] },
        }),
      ),
    onSuccess: (now) => {
      edited.saved(now);
      notify({ type: "success", content: words.saved });
    },
  });
  return (
    <EditForm
      submit={texts.common.save}
      isBusy={save.isPending}
      error={save.error}
      canSubmit={trouble === undefined}
      onSubmit={() => save.mutate()}
      onReload={edited.again}
    >
      <LinesField
        label={words.labels}
        hint={words.labelsHint}
        value={form.labels}
        onChange={(labels) => set({ labels })}
        error={troubleText(trouble)}
        rows={Math.min(Math.max(patterns.length + 2, 5), 16)}
        placeholder={words.placeholder}
      />
    </EditForm>
  );
}
