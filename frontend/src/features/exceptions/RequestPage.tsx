/** Asks for an exception. What it is about may stand in the address, from where somebody came. */
import Container from "@cloudscape-design/components/container";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { Keys } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { useCollections } from "../../components/forms/choices";
import { EditForm } from "../../components/forms/EditForm";
import { ChoiceField, LinesField, NumberField, TextField } from "../../components/forms/fields";
import { useForm } from "../../components/forms/useTagged";
import { notify } from "../../components/notices";
import { Page } from "../../components/Page";
import {
  type ExceptionForm,
  type ExceptionText,
  exceptionOf,
  JUSTIFICATIONS,
  MOST_DAYS,
  MOST_REASON,
  STATUSES,
  withoutVersion,
} from "../../domain/exception";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

/** Days that are offered. */
const DAYS = "90";

function begin(params: URLSearchParams): ExceptionForm {
  const place = params.get("place")?.slice(0, 300) ?? "";
  return {
    vulnerability: params.get("vulnerability")?.slice(0, 128) ?? "",
    package: withoutVersion(params.get("package")?.slice(0, 512) ?? ""),
    where: place === "" ? "estate" : "place",
    place,
    collection: "",
    status: "accepted_risk",
    justification: "component_not_present",
    reason: "",
    days: DAYS,
  };
}

export function RequestPage() {
  const words = texts.exceptions;
  const client = useQueryClient();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const keys = useRef(new Keys());
  const [form, set] = useForm(() => begin(params));
  const collections = useCollections();
  const make = useMutation({
    mutationFn: (body: ExceptionText) => {
      // The time that it holds until moves with the clock; the form is what is asked for once.
      const header = { "Idempotency-Key": keys.current.of(form) };
      return answered(api.POST("/api/v1/exceptions", { body, params: { header } }));
    },
    onSuccess: async (made) => {
      notify({ type: "success", content: words.sent });
      await client.invalidateQueries({ queryKey: ["list", "/api/v1/exceptions"] });
      void navigate(`/exceptions/${encodeURIComponent(made.id)}`);
    },
  });
  return (
    <Page
      title={words.requestTitle}
      description={words.requestHint}
      above={[{ text: words.title, href: "/exceptions" }]}
    >
      <Container>
        <EditForm
          submit={words.send}
          isBusy={make.isPending}
          error={make.error}
          canSubmit={exceptionOf(form, Date.now()) !== undefined}
          onSubmit={() => {
            const body = exceptionOf(form, Date.now());
            if (body !== undefined) {
              make.mutate(body);
            }
          }}
          onCancel={() => void navigate(-1)}
        >
          <TextField
            label={words.form.vulnerability}
            hint={words.form.vulnerabilityHint}
            value={form.vulnerability}
            onChange={(vulnerability) => set({ vulnerability })}
            most={128}
          />
          <TextField
            label={words.form.package}
            hint={words.form.packageHint}
            value={form.package}
            onChange={(its) => set({ package: its })}
            most={512}
            isOptional
          />
          <ChoiceField
            label={words.form.where}
            value={form.where}
            onChange={(where) => set({ where })}
            options={(["place", "collection", "estate"] as const).map((value) => ({
              value,
              label: words.scopes[value] ?? value,
            }))}
          />
          {form.where === "place" && (
            <TextField
              label={words.form.place}
              hint={words.form.placeHint}
              value={form.place}
              onChange={(place) => set({ place })}
              most={300}
            />
          )}
          {form.where === "collection" && (
            <ChoiceField
              label={words.form.collection}
              hint={collections.length === 0 ? words.form.noCollections : undefined}
              value={form.collection}
              onChange={(collection) => set({ collection })}
              options={collections.map(({ id, collection }) => ({
                value: id,
                label: visible(collection.name).slice(0, 120),
              }))}
            />
          )}
          <ChoiceField
            label={words.form.status}
            value={form.status}
            onChange={(status) => set({ status })}
            options={STATUSES.map((value) => ({
              value,
              label: words.statuses[value] ?? value,
              description: words.statusHints[value] ?? "",
            }))}
          />
          {form.status === "not_affected" && (
            <ChoiceField
              label={words.form.justification}
              value={form.justification}
              onChange={(justification) => set({ justification })}
              options={JUSTIFICATIONS.map((value) => ({ value, label: words.justifications[value] ?? value }))}
            />
          )}
          <LinesField
            label={words.form.reason}
            hint={words.form.reasonHint}
            value={form.reason}
            onChange={(reason) => set({ reason: reason.slice(0, MOST_REASON) })}
            rows={4}
            isText
          />
          <NumberField
            label={words.form.days}
            hint={words.form.daysHint}
            value={form.days}
            onChange={(days) => set({ days })}
            least={1}
            most={MOST_DAYS}
            isOptional
          />
        </EditForm>
      </Container>
    </Page>
  );
}
