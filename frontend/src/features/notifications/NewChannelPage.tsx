/** Adds a channel. The secret that signs is shown once, before anything else can be done. */
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate } from "react-router";
import { Keys } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Go } from "../../components/forms/Go";
import { SecretOnce } from "../../components/forms/SecretOnce";
import { notify } from "../../components/notices";
import { Page } from "../../components/Page";
import { texts } from "../../texts";
import { ChannelForm } from "./ChannelForm";

export function NewChannelPage() {
  const words = texts.notifications;
  const client = useQueryClient();
  const navigate = useNavigate();
  const keys = useRef(new Keys());
  const make = useMutation({
    mutationFn: (body: Schema<"NewChannel">) =>
      answered(
        api.POST("/api/v1/notifications/channels", {
          body,
          params: { header: { "Idempotency-Key": keys.current.of(body) } },
        }),
      ),
    onSuccess: async ({ channel, signing_secret: secret }) => {
      notify({ type: "success", content: words.saved });
      await client.invalidateQueries({ queryKey: ["channels"] });
      if (!secret) {
        void navigate(`/notifications/${encodeURIComponent(channel.id)}`);
      }
    },
  });
  const secret = make.data?.signing_secret;
  return (
    <Page title={words.newTitle} above={[{ text: words.title, href: "/notifications" }]}>
      <Container>
        {make.data !== undefined && secret ? (
          <SpaceBetween size="m">
            <SecretOnce title={words.made} secrets={[{ text: secret }]} />
            <Go href={`/notifications/${encodeURIComponent(make.data.channel.id)}`} variant="primary">
              {texts.forms.done}
            </Go>
          </SpaceBetween>
        ) : (
          <ChannelForm
            submit={words.create}
            isBusy={make.isPending}
            error={make.error}
            onSubmit={make.mutate}
            onCancel={() => void navigate("/notifications")}
          />
        )}
      </Container>
    </Page>
  );
}
