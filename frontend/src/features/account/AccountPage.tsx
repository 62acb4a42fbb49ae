/** One's own account: where one is signed in, one's second factor, API keys and password. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { ChangePassword } from "../../components/ChangePassword";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { useCaller } from "../../components/session";
import { texts } from "../../texts";
import { Keys } from "./Keys";
import { SecondFactor } from "./SecondFactor";
import { Sessions } from "./Sessions";

export function AccountPage() {
  const caller = useCaller();
  const words = texts.account;
  return (
    <Page title={words.title}>
      <Container>
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.login, value: <Outside text={caller.name} most={80} /> },
            { label: words.tenant, value: <Outside text={caller.tenant} most={80} /> },
            { label: words.roles, value: <Outside text={caller.roles.join(", ")} /> },
          ]}
        />
      </Container>
      <PageTabs
        label={words.title}
        tabs={[
          { id: "sessions", label: words.tabs.sessions, content: <Sessions /> },
          { id: "second-factor", label: words.tabs.secondFactor, content: <SecondFactor /> },
          { id: "keys", label: words.tabs.keys, content: <Keys /> },
          {
            id: "password",
            label: words.tabs.password,
            content: (
              <Container header={<Header variant="h2">{words.password.title}</Header>}>
                <div className="narrow">
                  <ChangePassword onDone={() => undefined} />
                </div>
              </Container>
            ),
          },
        ]}
      />
    </Page>
  );
}
