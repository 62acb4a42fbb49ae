/** Invites somebody: roles, for how long, and the invitation itself, shown once. */
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useNavigate } from "react-router";
import { Keys } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { EditForm } from "../../components/forms/EditForm";
import { isWhole, NumberField, TextField } from "../../components/forms/fields";
import { Go } from "../../components/forms/Go";
import { areRolesChosen, RolesField } from "../../components/forms/Roles";
import { SecretOnce } from "../../components/forms/SecretOnce";
import { Page } from "../../components/Page";
import { texts } from "../../texts";

const DAY_S = 86_400;
const MOST_DAYS = 30;
const LIST = "/access?tab=invitations";

export function InvitePage() {
  const words = texts.access.invitations;
  const client = useQueryClient();
  const navigate = useNavigate();
  const keys = useRef(new Keys());
  const [note, setNote] = useState("");
  const [days, setDays] = useState("7");
  const [roles, setRoles] = useState<Schema<"RoleAssignment">[]>([{ role: "", collections: [] }]);
  const make = useMutation({
    mutationFn: () => {
      const body = { note: note.trim(), roles, valid_for_s: Number(days) * DAY_S };
      const header = { "Idempotency-Key": keys.current.of(body) };
      return answered(api.POST("/api/v1/invitations", { body, params: { header } }));
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["list", "/api/v1/invitations"] }),
  });
  return (
    <Page title={words.newTitle} above={[{ text: texts.access.title, href: LIST }]}>
      <Container>
        {make.data === undefined ? (
          <EditForm
            submit={words.make}
            isBusy={make.isPending}
            error={make.error}
            canSubmit={isWhole(days, 1, MOST_DAYS) && roles.length > 0 && areRolesChosen(roles)}
            onSubmit={() => make.mutate()}
            onCancel={() => void navigate(LIST)}
          >
            <TextField label={words.forWhom} value={note} onChange={setNote} most={200} isOptional />
            <RolesField label={words.roles} value={roles} onChange={setRoles} />
            <NumberField label={words.days} value={days} onChange={setDays} least={1} most={MOST_DAYS} />
          </EditForm>
        ) : (
          <SpaceBetween size="m">
            <SecretOnce title={words.made} secrets={[{ label: words.token, text: make.data.token }]} />
            <div>{words.madeHint(`${location.origin}/invitation`)}</div>
            <Go href={LIST} variant="primary">
              {texts.forms.done}
            </Go>
          </SpaceBetween>
        )}
      </Container>
    </Page>
  );
}
