/** One service that signs people in. Its secret is never shown again. */
import Container from "@cloudscape-design/components/container";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "react-router";
import { type Tagged, tagged } from "../../api/changes";
import { done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { type Edited, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { ProviderForm } from "./ProviderForm";

type Provider = Schema<"IdentityProviderDetail">;

const LIST = "/access?tab=providers";
const above = () => [{ text: texts.access.title, href: LIST }];
const RENEWS = [["list", "/api/v1/identity-providers"]];

/** Sets a service; `etag` names the state that it replaces. */
function put(id: string, body: Schema<"SetIdentityProvider">, etag?: string): Promise<Tagged<Provider>> {
  const header = etag === undefined ? {} : { "if-match": etag };
  return tagged(api.PUT("/api/v1/identity-providers/{id}", { params: { path: { id }, header }, body }));
}

export function ProviderPage() {
  const { id = "" } = useParams();
  const words = texts.access.providers;
  const may = useMay();
  const navigate = useNavigate();
  const params = { path: { id } };
  const edited = useTagged(["identity-provider", id], (signal) =>
    tagged(api.GET("/api/v1/identity-providers/{id}", { params, signal })),
  );
  const name = edited.query.data?.data.name ?? id;
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      above={above()}
      actions={
        may("identity_providers.manage") &&
        edited.query.data && (
          <Act
            label={words.remove}
            run={() => done(api.DELETE("/api/v1/identity-providers/{id}", { params }))}
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

function Editor({ state, edited }: { state: Tagged<Provider>; edited: Edited<Provider> }) {
  const client = useQueryClient();
  const may = useMay();
  const save = useMutation({
    mutationFn: ({ body }: { id: string; body: Schema<"SetIdentityProvider"> }) => put(state.data.id, body, state.etag),
    onSuccess: async (now) => {
      edited.saved(now);
      notify({ type: "success", content: texts.access.providers.saved });
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
  return (
    <Container>
      <ProviderForm
        first={state.data}
        submit={texts.common.save}
        isBusy={save.isPending}
        error={save.error}
        canEdit={may("identity_providers.manage")}
        onSubmit={(id, body) => save.mutate({ id, body })}
        onReload={edited.again}
      />
    </Container>
  );
}

export function NewProviderPage() {
  const words = texts.access.providers;
  const client = useQueryClient();
  const navigate = useNavigate();
  const make = useMutation({
    mutationFn: ({ id, body }: { id: string; body: Schema<"SetIdentityProvider"> }) => put(id, body),
    onSuccess: async ({ data }) => {
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
      notify({ type: "success", content: words.saved });
      void navigate(`/access/identity-providers/${encodeURIComponent(data.id)}`);
    },
  });
  return (
    <Page title={words.newTitle} above={above()}>
      <Container>
        <ProviderForm
          submit={words.create}
          isBusy={make.isPending}
          error={make.error}
          canEdit
          onSubmit={(id, body) => make.mutate({ id, body })}
          onCancel={() => void navigate(LIST)}
        />
      </Container>
    </Page>
  );
}
