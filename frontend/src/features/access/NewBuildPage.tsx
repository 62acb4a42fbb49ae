/** Says which builds are trusted: who signs their tokens, and what these have to say. */
import Container from "@cloudscape-design/components/container";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate } from "react-router";
import { Keys } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { EditForm } from "../../components/forms/EditForm";
import { ChoiceField, isWhole, LinesField, NumberField, TextField } from "../../components/forms/fields";
import { areRolesChosen, RolesField } from "../../components/forms/Roles";
import { useForm } from "../../components/forms/useTagged";
import { notify } from "../../components/notices";
import { Page } from "../../components/Page";
import { BUILD_SYSTEMS, readClaims } from "../../domain/claims";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type System = keyof typeof BUILD_SYSTEMS;

const LIST = "/access?tab=builds";

export function NewBuildPage() {
  const words = texts.access.builds;
  const client = useQueryClient();
  const navigate = useNavigate();
  const keys = useRef(new Keys());
  const [form, set] = useForm(() => ({
    system: "github" as System,
    issuer: BUILD_SYSTEMS.github.issuer as string,
    audience: location.origin,
    claims: BUILD_SYSTEMS.github.claims as string,
    note: "",
    lifetime: "900",
    roles: [{ role: "ci", collections: [] }] as Schema<"RoleAssignment">[],
  }));
  const read = readClaims(form.claims);
  const claims = "claims" in read ? read.claims : undefined;
  // What stands there to begin with is to be filled in: nobody made a mistake yet.
  const isUntouched = form.claims === BUILD_SYSTEMS[form.system].claims;
  const trouble = "trouble" in read && !isUntouched ? read.trouble : undefined;
  const make = useMutation({
    mutationFn: () => {
      const body = {
        issuer: form.issuer.trim(),
        audience: form.audience.trim(),
        claims: claims ?? {},
        note: form.note.trim(),
        lifetime_s: Number(form.lifetime),
        roles: form.roles,
      };
      const header = { "Idempotency-Key": keys.current.of(body) };
      return answered(api.POST("/api/v1/trusted-builds", { body, params: { header } }));
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["list"] });
      notify({ type: "success", content: words.made });
      void navigate(LIST);
    },
  });
  const isReady =
    form.issuer.trim() !== "" &&
    form.audience.trim() !== "" &&
    claims !== undefined &&
    Object.keys(claims).length > 0 &&
    isWhole(form.lifetime, 60, 3600) &&
    form.roles.length > 0 &&
    areRolesChosen(form.roles);
  return (
    <Page title={words.newTitle} above={[{ text: texts.access.title, href: LIST }]}>
      <Container>
        <EditForm
          submit={words.create}
          isBusy={make.isPending}
          error={make.error}
          canSubmit={isReady}
          onSubmit={() => make.mutate()}
          onCancel={() => void navigate(LIST)}
        >
          <ChoiceField
            label={words.system}
            value={form.system}
            onChange={(system) => set({ system, ...BUILD_SYSTEMS[system] })}
            options={(["github", "gitlab", "azure", "other"] as const).map((value) => ({
              value,
              label: words.systems[value],
            }))}
          />
          <TextField
            label={words.issuer}
            hint={words.issuerHint}
            value={form.issuer}
            onChange={(issuer) => set({ issuer })}
            most={512}
          />
          <TextField
            label={words.audience}
            hint={words.audienceHint}
            value={form.audience}
            onChange={(audience) => set({ audience })}
            most={256}
          />
          <LinesField
            label={words.claimsField}
            hint={words.claimsHint}
            value={form.claims}
            onChange={(next) => set({ claims: next })}
            error={
              trouble === undefined ? undefined : words.badClaims[trouble.kind](visible(trouble.what.slice(0, 60)))
            }
          />
          <RolesField
            label={words.roles}
            hint={words.rolesHint}
            value={form.roles}
            onChange={(roles) => set({ roles })}
          />
          <NumberField
            label={words.lifetimeField}
            value={form.lifetime}
            onChange={(lifetime) => set({ lifetime })}
            least={60}
            most={3600}
          />
          <TextField label={words.note} value={form.note} onChange={(note) => set({ note })} most={200} isOptional />
        </EditForm>
      </Container>
    </Page>
  );
}
