/** One registry: the last look, its images, how it is set up, and its webhook. */
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "react-router";
import { newKey, type Tagged, tagged } from "../../api/changes";
import { answered, done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { type Edited, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { LastRun } from "./LastRun";
import { RegistryForm } from "./RegistryForm";
import { RegistryImages } from "./RegistryImages";
import { Webhook } from "./Webhook";

type Registry = Schema<"RegistryDetail">;

const RENEWS = [["list", "/api/v1/registries"]];

export function RegistryPage() {
  const { id = "" } = useParams();
  const words = texts.registries;
  const may = useMay();
  const canEdit = may("registries.manage");
  const edited = useTagged(["registry", id], (signal) =>
    tagged(api.GET("/api/v1/registries/{id}", { params: { path: { id } }, signal })),
  );
  const registry = edited.query.data?.data;
  const name = registry?.settings.name ?? words.title;
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      description={registry && <Outside text={registry.settings.address} />}
      above={[{ text: words.title, href: "/registries" }]}
      actions={canEdit && registry && <Actions registry={registry} edited={edited} />}
    >
      <Loaded query={edited.query}>
        {(state) => (
          <PageTabs
            label={name}
            tabs={[
              { id: "run", label: words.tabs.run, content: <LastRun registry={state.data} /> },
              { id: "images", label: words.tabs.images, content: <RegistryImages id={id} /> },
              ...(canEdit
                ? [
                    {
                      id: "settings",
                      label: words.tabs.settings,
                      content: <Editor key={edited.epoch} state={state} edited={edited} />,
                    },
                    {
                      id: "webhook",
                      label: words.tabs.webhook,
                      content: <Webhook registry={state.data} onMade={edited.again} />,
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ registry, edited }: { registry: Registry; edited: Edited<Registry> }) {
  const words = texts.registries;
  const navigate = useNavigate();
  const path = { id: registry.id };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Act
        label={words.test}
        run={() => answered(api.POST("/api/v1/registries/{id}/test", { params: { path } }))}
        done={({ ok, detail }) =>
          ok
            ? { type: "success", content: words.testGood(visible(detail)) }
            : { type: "error", content: words.testBad(visible(detail)) }
        }
      />
      <Act
        label={words.scan}
        run={() =>
          answered(
            api.POST("/api/v1/registries/{id}/scan", { params: { path, header: { "Idempotency-Key": newKey() } } }),
          )
        }
        done={words.scanning}
        onDone={edited.again}
        renews={RENEWS}
      />
      <Act
        label={words.remove}
        run={() => done(api.DELETE("/api/v1/registries/{id}", { params: { path } }))}
        confirm={{ title: words.removeTitle(visible(registry.settings.name).slice(0, 80)), body: words.removeHint }}
        done={words.removed}
        onDone={() => void navigate("/registries")}
        renews={RENEWS}
      />
    </SpaceBetween>
  );
}

function Editor({ state, edited }: { state: Tagged<Registry>; edited: Edited<Registry> }) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (body: Schema<"NewRegistry">) =>
      tagged(
        api.PUT("/api/v1/registries/{id}", {
          params: { path: { id: state.data.id }, header: { "if-match": state.etag } },
          body,
        }),
      ),
    onSuccess: async (now) => {
      edited.saved(now);
      notify({ type: "success", content: texts.registries.form.saved });
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
  return (
    <Container>
      <RegistryForm
        first={state.data}
        submit={texts.common.save}
        isBusy={save.isPending}
        error={save.error}
        onSubmit={save.mutate}
        onReload={edited.again}
      />
    </Container>
  );
}
