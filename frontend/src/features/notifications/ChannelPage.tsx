/** One channel: what was delivered, how it is set up, a test, and its signing secret. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { newKey, type Tagged, tagged } from "../../api/changes";
import { answered, done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { SecretOnce } from "../../components/forms/SecretOnce";
import { type Edited, useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { useMay } from "../../components/session";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { ChannelForm } from "./ChannelForm";
import { stateOf, whereText } from "./channel";
import { Deliveries } from "./Deliveries";

type Channel = Schema<"Channel">;

export function ChannelPage() {
  const { id = "" } = useParams();
  const words = texts.notifications;
  const may = useMay();
  const [secret, setSecret] = useState<string>();
  const canEdit = may("notifications.manage");
  const edited = useTagged(["channel", id], (signal) =>
    tagged(api.GET("/api/v1/notifications/channels/{id}", { params: { path: { id } }, signal })),
  );
  const channel = edited.query.data?.data;
  const name = channel?.name ?? words.title;
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      description={
        channel && (
          <>
            {words.kinds[channel.target.kind]} <Outside text={whereText(channel)} most={120} />
          </>
        )
      }
      above={[{ text: words.title, href: "/notifications" }]}
      actions={canEdit && channel && <Actions channel={channel} edited={edited} onSecret={setSecret} />}
    >
      {secret !== undefined && <SecretOnce title={words.rotated} secrets={[{ text: secret }]} />}
      <Loaded query={edited.query}>
        {(state) => (
          <SpaceBetween size="l">
            <Trouble channel={state.data} />
            <PageTabs
              label={name}
              tabs={[
                { id: "deliveries", label: words.tabs.deliveries, content: <Deliveries id={id} /> },
                ...(canEdit
                  ? [
                      {
                        id: "settings",
                        label: words.tabs.settings,
                        content: <Editor key={edited.epoch} state={state} edited={edited} />,
                      },
                    ]
                  : []),
              ]}
            />
          </SpaceBetween>
        )}
      </Loaded>
    </Page>
  );
}

function Trouble({ channel }: { channel: Channel }) {
  const words = texts.notifications;
  const state = stateOf(channel);
  const { reason, failing_since: since } = channel.health;
  return (
    <>
      {state === "stopped" && (
        <Alert type="error" header={words.stoppedTitle}>
          <Outside text={channel.disabled_reason ?? ""} most={400} /> {words.stoppedHint}
        </Alert>
      )}
      {(state === "failing" || state === "trouble") && (
        <Alert type={state === "failing" ? "error" : "warning"} header={words[state]}>
          <div>
            {words.since} <Moment at={since} />
          </div>
          {reason && <Outside text={reason} most={600} />}
        </Alert>
      )}
      {channel.old_secret_until && (
        <Alert type="info">
          {words.oldUntil} <Moment at={channel.old_secret_until} plain />
        </Alert>
      )}
    </>
  );
}

interface ActionsProps {
  channel: Channel;
  edited: Edited<Channel>;
  onSecret: (secret: string) => void;
}

function Actions({ channel, edited, onSecret }: ActionsProps) {
  const words = texts.notifications;
  const navigate = useNavigate();
  const path = { id: channel.id };
  const name = visible(channel.name).slice(0, 80);
  const deliveries = ["list", `/api/v1/notifications/channels/${encodeURIComponent(channel.id)}/deliveries`];
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Act
        label={words.test}
        run={() => answered(api.POST("/api/v1/notifications/channels/{id}/test", { params: { path } }))}
        done={({ delivered, result }) =>
          delivered
            ? { type: "success", content: words.testGood(visible(result)) }
            : { type: "error", content: words.testBad(visible(result)) }
        }
        renews={[deliveries]}
      />
      {channel.target.kind === "webhook" && (
        <Act
          label={words.rotate}
          run={() =>
            answered(
              api.POST("/api/v1/notifications/channels/{id}/rotate-secret", {
                params: { path, header: { "Idempotency-Key": newKey() } },
              }),
            )
          }
          confirm={{ title: words.rotateTitle(name), body: words.rotateHint }}
          onDone={({ signing_secret: secret }) => {
            if (secret) {
              onSecret(secret);
            }
            edited.again();
          }}
        />
      )}
      <Act
        label={words.remove}
        run={() => done(api.DELETE("/api/v1/notifications/channels/{id}", { params: { path } }))}
        confirm={{ title: words.removeTitle(name), body: words.removeHint }}
        done={words.removed}
        onDone={() => void navigate("/notifications")}
        renews={[["channels"]]}
      />
    </SpaceBetween>
  );
}

function Editor({ state, edited }: { state: Tagged<Channel>; edited: Edited<Channel> }) {
  const words = texts.notifications;
  const client = useQueryClient();
  const [secret, setSecret] = useState<string>();
  const save = useMutation({
    mutationFn: (body: Schema<"NewChannel">) =>
      tagged(
        api.PUT("/api/v1/notifications/channels/{id}", {
          params: { path: { id: state.data.id }, header: { "if-match": state.etag } },
          body,
        }),
      ),
    onSuccess: async ({ data, etag }) => {
      notify({ type: "success", content: words.saved });
      if (data.signing_secret) {
        // Shown before the form begins anew, which would take it away.
        setSecret(data.signing_secret);
      } else {
        edited.saved({ data: data.channel, etag });
      }
      await client.invalidateQueries({ queryKey: ["channels"] });
    },
  });
  if (secret !== undefined) {
    return <SecretOnce title={words.made} secrets={[{ text: secret }]} />;
  }
  return (
    <Container>
      <ChannelForm
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
