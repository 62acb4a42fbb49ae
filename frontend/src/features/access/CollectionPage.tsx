/** One collection: its rule, and what is in it while the rule is written. */
import Container from "@cloudscape-design/components/container";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate, useParams } from "react-router";
import { Keys, type Tagged, tagged } from "../../api/changes";
import { answered, done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { EditForm } from "../../components/forms/EditForm";
import { LinesField, linesOf, TextField } from "../../components/forms/fields";
import { type Edited, useForm, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { Preview } from "./Preview";

type Collection = Schema<"CollectionDetail">;

const LIST = "/access?tab=collections";
const above = () => [{ text: texts.access.title, href: LIST }];
const RENEWS = [
  ["list", "/api/v1/collections"],
  ["choices", "collections"],
];

export function CollectionPage() {
  const { id = "" } = useParams();
  const words = texts.access.collections;
  const may = useMay();
  const navigate = useNavigate();
  const edited = useTagged(["collection", id], (signal) =>
    tagged(api.GET("/api/v1/collections/{id}", { params: { path: { id } }, signal })),
  );
  const state = edited.query.data;
  const name = state?.data.collection.name ?? words.title;
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      above={above()}
      actions={
        may("collections.manage") &&
        state && (
          <Act
            label={words.remove}
            run={() =>
              done(
                api.DELETE("/api/v1/collections/{id}", {
                  params: { path: { id }, header: { "if-match": state.etag } },
                }),
              )
            }
            confirm={{ title: words.removeTitle(visible(name).slice(0, 80)), body: words.removeHint }}
            done={words.removed}
            onDone={() => void navigate(LIST)}
            renews={RENEWS}
          />
        )
      }
    >
      <Loaded query={edited.query}>{(found) => <Editor key={edited.epoch} state={found} edited={edited} />}</Loaded>
    </Page>
  );
}

function Editor({ state, edited }: { state: Tagged<Collection>; edited: Edited<Collection> }) {
  const may = useMay();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (body: Schema<"CollectionText">) =>
      tagged(
        api.PUT("/api/v1/collections/{id}", {
          params: { path: { id: state.data.id }, header: { "if-match": state.etag } },
          body,
        }),
      ),
    onSuccess: async (now) => {
      edited.saved(now);
      notify({ type: "success", content: texts.access.collections.saved });
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
  return (
    <CollectionForm
      first={state.data.collection}
      submit={texts.common.save}
      isBusy={save.isPending}
      error={save.error}
      onSubmit={save.mutate}
      onReload={edited.again}
      canEdit={may("collections.manage")}
    />
  );
}

export function NewCollectionPage() {
  const words = texts.access.collections;
  const client = useQueryClient();
  const navigate = useNavigate();
  const keys = useRef(new Keys());
  const make = useMutation({
    mutationFn: (body: Schema<"CollectionText">) =>
      answered(
        api.POST("/api/v1/collections", { body, params: { header: { "Idempotency-Key": keys.current.of(body) } } }),
      ),
    onSuccess: async (made) => {
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
      notify({ type: "success", content: words.saved });
      void navigate(`/access/collections/${encodeURIComponent(made.id)}`);
    },
  });
  return (
    <Page title={words.newTitle} above={above()}>
      <CollectionForm
        first={{
          name: "",
          description: "",
          parts: { accounts: [], hosts: [], images: [], labels: [], namespaces: [] },
        }}
        submit={words.create}
        isBusy={make.isPending}
        error={make.error}
        onSubmit={make.mutate}
        onCancel={() => void navigate(LIST)}
        canEdit
      />
    </Page>
  );
}

interface CollectionFormProps {
  first: Schema<"CollectionText">;
  submit: string;
  isBusy: boolean;
  error: unknown;
  onSubmit: (collection: Schema<"CollectionText">) => void;
  onCancel?: () => void;
  onReload?: () => void;
  canEdit: boolean;
}

function CollectionForm({ first, canEdit, onSubmit, ...rest }: CollectionFormProps) {
  const words = texts.access.collections;
  const text = (patterns: readonly string[] | undefined) => (patterns ?? []).join("\n");
  const [form, set] = useForm(() => ({
    name: first.name,
    description: first.description ?? "",
    hosts: text(first.parts.hosts),
    images: text(first.parts.images),
    labels: text(first.parts.labels),
    namespaces: text(first.parts.namespaces),
    accounts: text(first.parts.accounts),
  }));
  const parts = {
    hosts: linesOf(form.hosts),
    images: linesOf(form.images),
    labels: linesOf(form.labels),
    namespaces: linesOf(form.namespaces),
    accounts: linesOf(form.accounts),
  };
  return (
    <div className="beside">
      <Container>
        <EditForm
          {...rest}
          canSubmit={canEdit && form.name.trim() !== ""}
          onSubmit={() => onSubmit({ name: form.name.trim(), description: form.description, parts })}
        >
          <TextField label={words.name} value={form.name} onChange={(name) => set({ name })} most={128} />
          <TextField
            label={words.description}
            value={form.description}
            onChange={(description) => set({ description })}
            most={1024}
            isOptional
          />
          <div>{words.rule}</div>
          {(["hosts", "images", "labels", "namespaces", "accounts"] as const).map((part) => (
            <LinesField
              key={part}
              label={words[part]}
              hint={words[`${part}Hint`]}
              value={form[part]}
              onChange={(value) => set({ [part]: value })}
              rows={2}
              isOptional
            />
          ))}
        </EditForm>
      </Container>
      {canEdit && <Preview parts={parts} />}
    </div>
  );
}
