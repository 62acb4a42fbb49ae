/** One agent: when it was heard of, its key, and the end of its access. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { newKey } from "../../api/changes";
import { answered, done } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { Act } from "../../components/forms/Act";
import { Loaded } from "../../components/Loaded";
import { Moment, useNow } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { AgentState, stateOf } from "./state";

type Agent = Schema<"AgentRow">;

export function AgentPage() {
  const { id = "" } = useParams();
  const words = texts.agents;
  const query = useQuery({
    queryKey: ["agent", id],
    queryFn: ({ signal }) => answered(api.GET("/api/v1/agents/{id}", { params: { path: { id } }, signal })),
  });
  const agent = query.data;
  return (
    <Page
      title={agent?.host_name ?? words.title}
      heading={agent ? <Outside text={agent.host_name} most={80} /> : words.title}
      above={[{ text: words.back, href: "/agents" }]}
      actions={agent ? <Actions agent={agent} /> : undefined}
    >
      <Loaded query={query}>{(found) => <Detail agent={found} />}</Loaded>
    </Page>
  );
}

function Actions({ agent }: { agent: Agent }) {
  const may = useMay();
  const words = texts.agents;
  const path = { id: agent.id };
  const renews = [
    ["agent", agent.id],
    ["list", "/api/v1/agents"],
    ["list", "/api/v1/tokens"],
  ];
  if (agent.revoked_at || !may("agents.revoke")) {
    return null;
  }
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Act
        label={words.rotate}
        isDisabled={Boolean(agent.rotation_asked_at)}
        run={() =>
          done(api.POST("/api/v1/agents/{id}/rotation", { params: { path, header: { "Idempotency-Key": newKey() } } }))
        }
        done={words.rotated}
        renews={renews}
      />
      <Act
        label={words.revoke}
        run={() => done(api.DELETE("/api/v1/agents/{id}", { params: { path } }))}
        confirm={{ title: words.revokeTitle(visible(agent.host_name).slice(0, 80)), body: words.revokeHint }}
        done={words.revoked(visible(agent.host_name).slice(0, 80))}
        renews={renews}
      />
    </SpaceBetween>
  );
}

function Detail({ agent }: { agent: Agent }) {
  const words = texts.agents;
  const state = stateOf(agent, useNow());
  return (
    <SpaceBetween size="l">
      {state === "silent" && (
        <Alert type="warning" header={words.silentTitle}>
          {words.silentHint}
        </Alert>
      )}
      {state === "revoked" && <Alert type="info">{words.isRevoked}</Alert>}
      {agent.rotation_asked_at && (
        <Alert type="info" header={words.rotation}>
          {words.rotationHint}
        </Alert>
      )}
      <Container>
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.columns.state, value: <AgentState agent={agent} /> },
            { label: words.columns.seen, value: <Moment at={agent.last_seen_at} /> },
            {
              label: words.columns.host,
              value: <To href={`/hosts/${encodeURIComponent(agent.host)}`}>{words.hostPage}</To>,
            },
            { label: words.columns.platform, value: <Outside text={agent.platform} most={60} /> },
            { label: words.columns.software, value: <Outside text={agent.software} most={60} /> },
            { label: words.columns.enrolled, value: <Moment at={agent.enrolled_at} plain /> },
            { label: words.columns.key, value: <Moment at={agent.key_since ?? agent.enrolled_at} plain /> },
            { label: words.columns.token, value: <Copyable text={agent.enrolled_with} /> },
            { label: words.columns.id, value: <Copyable text={agent.id} /> },
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}
