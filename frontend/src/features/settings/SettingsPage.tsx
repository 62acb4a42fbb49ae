/** Feeds, what is critical, sign-in, given-up messages and exports. */
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { useMay } from "../../components/session";
import { texts } from "../../texts";
import { DeadLetters } from "./DeadLetters";
import { Exports } from "./Exports";
import { Feeds } from "./Feeds";
import { RiskSettings } from "./RiskSettings";
import { SessionSettings } from "./SessionSettings";

export function SettingsPage() {
  const may = useMay();
  const words = texts.settings;
  return (
    <Page title={words.title}>
      <PageTabs
        label={words.title}
        tabs={[
          { id: "feeds", label: words.tabs.feeds, content: <Feeds /> },
          ...(may("policies.read") ? [{ id: "risk", label: words.tabs.risk, content: <RiskSettings /> }] : []),
          ...(may("people.read") ? [{ id: "sessions", label: words.tabs.sessions, content: <SessionSettings /> }] : []),
          ...(may("dead_letters.read")
            ? [{ id: "dead-letters", label: words.tabs.deadLetters, content: <DeadLetters /> }]
            : []),
          ...(may("tenant.export") ? [{ id: "exports", label: words.tabs.exports, content: <Exports /> }] : []),
        ]}
      />
    </Page>
  );
}
