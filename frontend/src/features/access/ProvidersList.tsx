/** The list of services that sign people in. */
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/identity-providers", (page) => page.identity_providers);

function columns(): Column<Schema<"IdentityProviderDetail">>[] {
  const words = texts.access.providers;
  return [
    textColumn("name", words.name, (row) => row.name, {
      isName: true,
      href: (row) => `/access/identity-providers/${encodeURIComponent(row.id)}`,
    }),
    textColumn("issuer", words.issuer, (row) => row.issuer, { minWidth: 240 }),
    textColumn("domains", words.domains, (row) => row.email_domains.join(", "), { otherwise: words.anyDomain }),
    {
      id: "groups",
      header: words.groups,
      cell: (row) => count(row.groups.length),
      text: (row) => row.groups.length,
    },
    momentColumn("updated", words.updated, (row) => row.updated_at),
    textColumn("by", words.by, (row) => row.updated_by),
  ];
}

const COLUMNS = columns();

export function ProvidersList() {
  const words = texts.access.providers;
  const may = useMay();
  const create = may("identity_providers.manage") && (
    <Go href="/access/new-identity-provider" variant="primary">
      {words.create}
    </Go>
  );
  return (
    <ResourceList
      isPart
      id="identity-providers"
      title={words.title}
      description={words.about}
      source={SOURCE}
      columns={COLUMNS}
      rowKey={(row) => row.id}
      actions={create}
      empty={
        <Empty title={words.empty} action={create}>
          {words.emptyHint}
        </Empty>
      }
    />
  );
}
