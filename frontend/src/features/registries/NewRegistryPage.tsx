/** Sets up a registry. */
import Container from "@cloudscape-design/components/container";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate } from "react-router";
import { Keys } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { notify } from "../../components/notices";
import { Page } from "../../components/Page";
import { texts } from "../../texts";
import { RegistryForm } from "./RegistryForm";

export function NewRegistryPage() {
  const words = texts.registries;
  const client = useQueryClient();
  const navigate = useNavigate();
  const keys = useRef(new Keys());
  const make = useMutation({
    mutationFn: (body: Schema<"NewRegistry">) =>
      answered(
        api.POST("/api/v1/registries", { body, params: { header: { "Idempotency-Key": keys.current.of(body) } } }),
      ),
    onSuccess: async (made) => {
      notify({ type: "success", content: words.form.saved });
      await client.invalidateQueries({ queryKey: ["list", "/api/v1/registries"] });
      void navigate(`/registries/${encodeURIComponent(made.id)}`);
    },
  });
  return (
    <Page title={words.newTitle} above={[{ text: words.title, href: "/registries" }]}>
      <Container>
        <RegistryForm
          submit={words.create}
          isBusy={make.isPending}
          error={make.error}
          onSubmit={make.mutate}
          onCancel={() => void navigate("/registries")}
        />
      </Container>
    </Page>
  );
}
