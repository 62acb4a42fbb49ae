/** The lists of who and what gets in. */
import type { ReactNode } from "react";
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { useMay } from "../../components/session";
import type { Permission } from "../../domain/permissions";
import { texts } from "../../texts";
import { AuditList } from "./AuditList";
import { BuildsList } from "./BuildsList";
import { CollectionsList } from "./CollectionsList";
import { InvitationsList } from "./InvitationsList";
import { PeopleList } from "./PeopleList";
import { ProvidersList } from "./ProvidersList";
import { RolesList } from "./RolesList";
import { TokensList } from "./TokensList";

type TabId = keyof typeof texts.access.tabs;

const TABS: readonly { id: TabId; needs?: Permission; content: ReactNode }[] = [
  { id: "people", needs: "people.read", content: <PeopleList /> },
  { id: "invitations", needs: "people.read", content: <InvitationsList /> },
  { id: "roles", needs: "people.read", content: <RolesList /> },
  { id: "collections", needs: "collections.read", content: <CollectionsList /> },
  // Everybody sees their own.
  { id: "tokens", content: <TokensList /> },
  { id: "providers", needs: "identity_providers.read", content: <ProvidersList /> },
  { id: "builds", needs: "tokens.read", content: <BuildsList /> },
  { id: "audit", needs: "audit.read", content: <AuditList /> },
];

export function AccessPage() {
  const may = useMay();
  const words = texts.access;
  const tabs = TABS.filter(({ needs }) => needs === undefined || may(needs));
  return (
    <Page title={words.title} description={words.description}>
      <PageTabs label={words.title} tabs={tabs.map(({ id, content }) => ({ id, label: words.tabs[id], content }))} />
    </Page>
  );
}
