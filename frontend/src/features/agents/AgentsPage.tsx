/** Agents, their installation, and enrolment tokens. */
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { useMay } from "../../components/session";
import { texts } from "../../texts";
import { AgentsList } from "./AgentsList";
import { Install } from "./Install";
import { TokensList } from "./TokensList";

export function AgentsPage() {
  const may = useMay();
  const words = texts.agents;
  return (
    <Page title={words.title} description={words.description}>
      <PageTabs
        label={words.title}
        tabs={[
          { id: "agents", label: words.tabs.agents, content: <AgentsList /> },
          { id: "install", label: words.tabs.install, content: <Install /> },
          ...(may("enrolment_tokens.read")
            ? [{ id: "tokens", label: words.tabs.tokens, content: <TokensList /> }]
            : []),
        ]}
      />
    </Page>
  );
}
