/** The webhook of a registry: where it is, and its secret, shown once. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { EditForm } from "../../components/forms/EditForm";
import { CheckField } from "../../components/forms/fields";
import { SecretOnce } from "../../components/forms/SecretOnce";
import { Moment } from "../../components/Moment";
import { texts } from "../../texts";

/** The form in which registries of a product tell of pushes. */
const FORMATS: Partial<Record<Schema<"RegistryKind">, string>> = {
  generic: "distribution",
  docker_hub: "docker_hub",
  harbor: "harbor",
  acr: "acr",
  ecr: "ecr",
  ghcr: "ghcr",
  quay: "quay",
  gitlab: "gitlab",
  artifactory: "artifactory",
  aliyun: "aliyun",
};

export function Webhook({ registry, onMade }: { registry: Schema<"RegistryDetail">; onMade: () => void }) {
  const words = texts.registries.webhook;
  const [replace, setReplace] = useState(false);
  const key = useRef(newKey());
  const secrets = registry.webhook_secrets ?? [];
  const format = FORMATS[registry.settings.kind ?? "generic"];
  const make = useMutation({
    mutationFn: () =>
      answered(
        api.POST("/api/v1/registries/{id}/webhook-secret", {
          params: { path: { id: registry.id }, header: { "Idempotency-Key": key.current } },
          body: { replace },
        }),
      ),
    onSuccess: () => {
      // The next one is another.
      key.current = newKey();
      onMade();
    },
  });
  return (
    <Container
      header={
        <Header variant="h2" description={words.about}>
          {words.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {format === undefined && <div>{words.noFormat}</div>}
        {make.data !== undefined && (
          <SecretOnce
            title={words.made}
            secrets={[
              {
                label: words.address,
                text: `${location.origin}${make.data.path.replace("FORMAT", format ?? "FORMAT")}`,
              },
              { label: words.secret, text: make.data.secret },
            ]}
          />
        )}
        {secrets.length === 0 ? (
          <div>{words.none}</div>
        ) : (
          <div>
            {words.since}
            {": "}
            {secrets.map((at, index) => (
              <span key={at}>
                {index > 0 && ", "}
                <Moment at={at} />
              </span>
            ))}
          </div>
        )}
        <EditForm
          submit={secrets.length === 0 ? words.make : words.makeNext}
          isBusy={make.isPending}
          error={make.error}
          onSubmit={() => make.mutate()}
        >
          {secrets.length > 0 && (
            <CheckField label={words.replace} hint={words.replaceHint} value={replace} onChange={setReplace} />
          )}
        </EditForm>
      </SpaceBetween>
    </Container>
  );
}
