/** The policy that scans in builds are held against, as it is written. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useMutation } from "@tanstack/react-query";
import { type Tagged, tagged } from "../../api/changes";
import { api, problemIn } from "../../api/portal";
import type { Schema } from "../../api/types";
import { CodeBlock } from "../../components/forms/CodeBlock";
import { EditForm } from "../../components/forms/EditForm";
import { ChoiceField } from "../../components/forms/fields";
import { type Edited, useForm, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { texts } from "../../texts";

/** The one policy that the API has. */
const ID = "ci";

/** The policy; absent where none is set. */
type Set = Schema<"PolicyDetail"> | undefined;

async function ask(signal: AbortSignal): Promise<Tagged<Set>> {
  try {
    return await tagged(api.GET("/api/v1/policies/{id}", { params: { path: { id: ID } }, signal }));
  } catch (error) {
    if (problemIn(error)?.problem.status === 404) {
      return { data: undefined, etag: "" };
    }
    throw error;
  }
}

export function PolicyPage() {
  const words = texts.policies;
  const may = useMay();
  const edited = useTagged<Set>(["policy", ID], ask);
  const policy = edited.query.data?.data;
  return (
    <Page
      title={words.title}
      description={
        <>
          {words.description}
          {policy && (
            <>
              {" · "}
              {words.updated} <Moment at={policy.updated_at} /> {words.by}{" "}
              <Outside text={policy.updated_by} most={60} />
            </>
          )}
        </>
      }
    >
      <Loaded query={edited.query}>
        {(state) => (
          <SpaceBetween size="l">
            {state.data === undefined && (
              <Alert type="warning" header={words.none}>
                {words.noneHint}
              </Alert>
            )}
            <Container>
              {may("policies.manage") ? (
                <Editor key={edited.epoch} state={state} edited={edited} />
              ) : (
                <CodeBlock text={state.data?.policy.text ?? ""} label={words.text} />
              )}
            </Container>
          </SpaceBetween>
        )}
      </Loaded>
    </Page>
  );
}

function Editor({ state, edited }: { state: Tagged<Set>; edited: Edited<Set> }) {
  const words = texts.policies;
  const [form, set] = useForm(() => ({
    form: (state.data?.policy.form === "yaml" ? "yaml" : "toml") as "toml" | "yaml",
    text: state.data?.policy.text ?? words.first,
  }));
  const save = useMutation({
    mutationFn: (): Promise<Tagged<Set>> => {
      const header = state.etag === "" ? {} : { "if-match": state.etag };
      return tagged(api.PUT("/api/v1/policies/{id}", { params: { path: { id: ID }, header }, body: form }));
    },
    onSuccess: (now) => {
      edited.saved(now);
      notify({ type: "success", content: words.saved });
    },
  });
  return (
    <EditForm
      submit={words.save}
      isBusy={save.isPending}
      error={save.error}
      canSubmit={form.text.trim() !== ""}
      onSubmit={() => save.mutate()}
      onReload={edited.again}
    >
      <ChoiceField
        label={words.form}
        value={form.form}
        onChange={(next) => set({ form: next })}
        options={(["toml", "yaml"] as const).map((value) => ({ value, label: words.forms[value] }))}
      />
      <FormField label={words.text} description={words.textHint} stretch>
        <div className="code-input">
          <Textarea
            value={form.text}
            rows={Math.min(Math.max(form.text.split("\n").length + 2, 12), 36)}
            spellcheck={false}
            disableBrowserAutocorrect
            onChange={({ detail }) => set({ text: detail.value })}
          />
        </div>
      </FormField>
    </EditForm>
  );
}
