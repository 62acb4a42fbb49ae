/** The list of roles. */
import SpaceBetween from "@cloudscape-design/components/space-between";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/roles", (page) => page.roles);

type Role = Schema<"RoleDetail">;

function columns(): Column<Role>[] {
  const words = texts.access.roles;
  return [
    textColumn("name", words.name, (row) => row.name, {
      isName: true,
      minWidth: 140,
      href: (row) => `/access/roles/${encodeURIComponent(row.name)}`,
    }),
    textColumn("about", words.about, (row) => row.description, { minWidth: 220 }),
    textColumn("kind", words.kind, (row) => (row.builtin ? words.builtin : words.own)),
    {
      id: "permissions",
      header: words.permissions,
      cell: (row) => count(row.permissions.length),
      text: (row) => row.permissions.join(" "),
    },
    momentColumn("updated", words.updated, (row) => row.updated_at),
    textColumn("by", words.by, (row) => row.updated_by, { hidden: true }),
  ];
}

const COLUMNS = columns();
const FILTERS: ListFilter[] = [{ key: "builtin", label: texts.access.roles.builtin, kind: "yesno" }];

export function RolesList() {
  const words = texts.access.roles;
  const may = useMay();
  return (
    <ResourceList
      isPart
      id="roles"
      title={words.title}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => row.name}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Go href="/access/permissions">{words.compare}</Go>
          {may("people.manage") && (
            <Go href="/access/new-role" variant="primary">
              {words.create}
            </Go>
          )}
        </SpaceBetween>
      }
      empty={<Empty title={words.empty} />}
    />
  );
}
