/** One role: what it allows. Those that every tenant has are looked at, the tenant's own are changed. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { Keys, type Tagged, tagged } from "../../api/changes";
import { answered, done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { EditForm } from "../../components/forms/EditForm";
import { TextField } from "../../components/forms/fields";
import { Go } from "../../components/forms/Go";
import { type Edited, useForm, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { Matrix } from "./Matrix";

type Role = Schema<"RoleDetail">;

const LIST = "/access?tab=roles";
const above = () => [{ text: texts.access.title, href: LIST }];
const RENEWS = [
  ["list", "/api/v1/roles"],
  ["choices", "roles"],
];

export function RolePage() {
  const { name = "" } = useParams();
  const words = texts.access.roles;
  const may = useMay();
  const navigate = useNavigate();
  const edited = useTagged(["role", name], (signal) =>
    tagged(api.GET("/api/v1/roles/{name}", { params: { path: { name } }, signal })),
  );
  const state = edited.query.data;
  const canEdit = may("people.manage");
  const shown = visible(name).slice(0, 80);
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      description={state && <Outside text={state.data.description} />}
      above={above()}
      actions={
        canEdit &&
        state && (
          <SpaceBetween direction="horizontal" size="xs">
            <Go href={`/access/new-role?like=${encodeURIComponent(name)}`}>{words.copyOf}</Go>
            {!state.data.builtin && (
              <Act
                label={words.remove}
                run={() =>
                  done(
                    api.DELETE("/api/v1/roles/{name}", {
                      params: { path: { name }, header: { "if-match": state.etag } },
                    }),
                  )
                }
                confirm={{ title: words.removeTitle(shown), body: words.removeHint }}
                done={words.removed(shown)}
                onDone={() => void navigate(LIST)}
                renews={RENEWS}
              />
            )}
          </SpaceBetween>
        )
      }
    >
      <Loaded query={edited.query}>
        {(found) =>
          found.data.builtin || !canEdit ? (
            <SpaceBetween size="m">
              {found.data.builtin && <Alert type="info">{words.readOnly}</Alert>}
              <Container header={<Header variant="h2">{words.matrix}</Header>}>
                <Matrix chosen={found.data.permissions} />
              </Container>
            </SpaceBetween>
          ) : (
            <Editor key={edited.epoch} state={found} edited={edited} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Editor({ state, edited }: { state: Tagged<Role>; edited: Edited<Role> }) {
  const words = texts.access.roles;
  const client = useQueryClient();
  const { name } = state.data;
  const [form, set] = useForm(() => ({
    description: state.data.description,
    permissions: [...state.data.permissions],
  }));
  const save = useMutation({
    mutationFn: () =>
      tagged(
        api.PUT("/api/v1/roles/{name}", {
          params: { path: { name }, header: { "if-match": state.etag } },
          body: form,
        }),
      ),
    onSuccess: async (now) => {
      edited.saved(now);
      notify({ type: "success", content: words.saved(visible(name)) });
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
  return (
    <Container header={<Header variant="h2">{words.matrix}</Header>}>
      <EditForm
        submit={texts.common.save}
        isBusy={save.isPending}
        error={save.error}
        onSubmit={() => save.mutate()}
        onReload={edited.again}
      >
        <TextField
          label={words.about}
          value={form.description}
          onChange={(description) => set({ description })}
          most={200}
          isOptional
        />
        <Matrix chosen={form.permissions} onChange={(permissions) => set({ permissions })} />
      </EditForm>
    </Container>
  );
}

export function NewRolePage() {
  const words = texts.access.roles;
  const [params] = useSearchParams();
  const like = params.get("like") ?? "";
  const model = useQuery({
    queryKey: ["role-model", like],
    queryFn: ({ signal }) => answered(api.GET("/api/v1/roles/{name}", { params: { path: { name: like } }, signal })),
    enabled: like !== "",
    gcTime: 0,
  });
  return (
    <Page title={words.newTitle} above={above()}>
      {like === "" ? (
        <NewRole permissions={[]} />
      ) : (
        <Loaded query={model}>{(found) => <NewRole permissions={found.permissions} />}</Loaded>
      )}
    </Page>
  );
}

function NewRole({ permissions: first }: { permissions: readonly string[] }) {
  const words = texts.access.roles;
  const client = useQueryClient();
  const navigate = useNavigate();
  const keys = useRef(new Keys());
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [permissions, setPermissions] = useState<string[]>([...first]);
  const make = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), role: { description, permissions } };
      const header = { "Idempotency-Key": keys.current.of(body) };
      return answered(api.POST("/api/v1/roles", { body, params: { header } }));
    },
    onSuccess: async (made) => {
      await Promise.all(RENEWS.map((queryKey) => client.invalidateQueries({ queryKey })));
      notify({ type: "success", content: words.saved(visible(made.name)) });
      void navigate(`/access/roles/${encodeURIComponent(made.name)}`);
    },
  });
  return (
    <Container>
      <EditForm
        submit={words.create}
        isBusy={make.isPending}
        error={make.error}
        canSubmit={name.trim() !== ""}
        onSubmit={() => make.mutate()}
        onCancel={() => void navigate(LIST)}
      >
        <TextField label={words.name} value={name} onChange={setName} />
        <TextField label={words.about} value={description} onChange={setDescription} most={200} isOptional />
        <div>{words.hint}</div>
        <Matrix chosen={permissions} onChange={setPermissions} />
      </EditForm>
    </Container>
  );
}
