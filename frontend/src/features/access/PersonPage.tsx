/** One person: roles, sessions, password and second factor, and the end of their access. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { newKey, type Tagged, tagged } from "../../api/changes";
import { answered, done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { EditForm } from "../../components/forms/EditForm";
import { areRolesChosen, RoleNames, RolesField } from "../../components/forms/Roles";
import { SecretOnce } from "../../components/forms/SecretOnce";
import { type Edited, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useCaller, useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { PersonState } from "./PeopleList";
import { PersonSessions } from "./PersonSessions";

type Person = Schema<"PersonDetail">;
type State = Tagged<Person>;

function change(state: State, body: Schema<"PersonChange">): Promise<State> {
  const params = { path: { id: state.data.id }, header: { "if-match": state.etag } };
  return tagged(api.PATCH("/api/v1/people/{id}", { params, body }));
}

export function PersonPage() {
  const { id = "" } = useParams();
  const words = texts.access;
  const [password, setPassword] = useState<string>();
  const edited = useTagged(["person", id], (signal) =>
    tagged(api.GET("/api/v1/people/{id}", { params: { path: { id } }, signal })),
  );
  const state = edited.query.data;
  return (
    <Page
      title={state?.data.name ?? id}
      heading={<Outside text={state?.data.name ?? id} most={80} />}
      above={[{ text: words.title, href: "/access" }]}
      actions={state && <Actions state={state} edited={edited} onPassword={setPassword} />}
    >
      {password !== undefined && (
        <SecretOnce title={words.people.resetDone(visible(id).slice(0, 80))} secrets={[{ text: password }]} />
      )}
      <Loaded query={edited.query}>{(found) => <Detail key={edited.epoch} state={found} edited={edited} />}</Loaded>
    </Page>
  );
}

interface ActionsProps {
  state: State;
  edited: Edited<Person>;
  onPassword: (password: string) => void;
}

function Actions({ state, edited, onPassword }: ActionsProps) {
  const words = texts.access.people;
  const may = useMay();
  const caller = useCaller();
  const navigate = useNavigate();
  const person = state.data;
  const login = visible(person.id).slice(0, 80);
  const params = { path: { id: person.id } };
  const renews = [
    ["list", "/api/v1/people"],
    ["list", "/api/v1/sessions"],
    ["list", "/api/v1/tokens"],
  ];
  if (!may("people.manage")) {
    return null;
  }
  if (caller.user === person.id) {
    return <>{words.own}</>;
  }
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {person.disabled ? (
        <Act
          label={words.enable}
          run={() => change(state, { disabled: false })}
          done={words.isEnabled(login)}
          onDone={edited.saved}
          renews={renews}
        />
      ) : (
        <Act
          label={words.disable}
          run={() => change(state, { disabled: true })}
          confirm={{ title: words.disableTitle(login), body: words.disableHint }}
          done={words.isDisabled(login)}
          onDone={edited.saved}
          renews={renews}
        />
      )}
      <Act
        label={words.reset}
        run={() =>
          answered(
            api.POST("/api/v1/people/{id}/password", {
              params: { ...params, header: { "Idempotency-Key": newKey() } },
            }),
          )
        }
        confirm={{ title: words.resetTitle(login), body: words.resetHint }}
        onDone={(made) => {
          onPassword(made.one_time_password);
          edited.again();
        }}
        renews={renews}
      />
      {person.second_factor && (
        <Act
          label={words.dropFactor}
          run={() => done(api.DELETE("/api/v1/people/{id}/second-factor", { params }))}
          confirm={{ title: words.dropFactorTitle(login), body: words.dropFactorHint }}
          done={words.dropFactorDone(login)}
          onDone={edited.again}
          renews={renews}
        />
      )}
      <Act
        label={words.remove}
        run={() => done(api.DELETE("/api/v1/people/{id}", { params }))}
        confirm={{ title: words.removeTitle(login), body: words.removeHint }}
        done={words.removed(login)}
        onDone={() => void navigate("/access")}
        renews={renews}
      />
    </SpaceBetween>
  );
}

function Detail({ state, edited }: { state: State; edited: Edited<Person> }) {
  const words = texts.access.people;
  const may = useMay();
  const person = state.data;
  return (
    <SpaceBetween size="l">
      <Container>
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.login, value: <Outside text={person.id} most={80} /> },
            { label: words.state, value: <PersonState person={person} /> },
            { label: words.secondFactor, value: person.second_factor ? texts.common.yes : texts.common.no },
            ...(person.email ? [{ label: words.email, value: <Outside text={person.email} most={80} /> }] : []),
            { label: words.created, value: <Moment at={person.created_at} plain /> },
            ...(may("people.manage") ? [] : [{ label: words.roles, value: <RoleNames roles={person.roles} /> }]),
          ]}
        />
      </Container>
      {may("people.manage") && <Roles state={state} edited={edited} />}
      <PersonSessions user={person.id} />
    </SpaceBetween>
  );
}

function Roles({ state, edited }: { state: State; edited: Edited<Person> }) {
  const words = texts.access.people;
  const client = useQueryClient();
  const [roles, setRoles] = useState(state.data.roles);
  const save = useMutation({
    mutationFn: () => change(state, { roles }),
    onSuccess: async (now) => {
      edited.saved(now);
      notify({ type: "success", content: texts.forms.saved });
      await client.invalidateQueries({ queryKey: ["list", "/api/v1/people"] });
    },
  });
  return (
    <Container header={<Header variant="h2">{words.roles}</Header>}>
      <EditForm
        submit={words.saveRoles}
        isBusy={save.isPending}
        error={save.error}
        canSubmit={areRolesChosen(roles)}
        onSubmit={() => save.mutate()}
        onReload={edited.again}
      >
        <RolesField label={words.roles} hint={words.rolesHint} value={roles} onChange={setRoles} />
      </EditForm>
    </Container>
  );
}
