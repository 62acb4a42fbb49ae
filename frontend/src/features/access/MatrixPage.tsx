/** Who may do what: all permissions by all roles. */
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { Schema } from "../../api/types";
import { useRoles } from "../../components/forms/choices";
import { Loaded } from "../../components/Loaded";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { texts } from "../../texts";
import { permissionsQuery } from "./Matrix";

export function MatrixPage() {
  const words = texts.access.roles;
  const query = useQuery(permissionsQuery);
  const roles = useRoles();
  return (
    <Page title={words.compareTitle} above={[{ text: texts.access.title, href: "/access?tab=roles" }]}>
      <Loaded query={query}>
        {(permissions) => (
          <Table
            variant="container"
            items={permissions}
            trackBy="permission"
            stickyColumns={{ first: 1 }}
            enableKeyboardNavigation
            ariaLabels={{ tableLabel: words.compareTitle }}
            columnDefinitions={[
              {
                id: "permission",
                header: words.permission,
                isRowHeader: true,
                minWidth: 200,
                cell: (row) => <span title={row.description}>{row.permission}</span>,
              },
              ...roles.map((role) => ({
                id: role.name,
                header: <Outside text={role.name} most={40} />,
                cell: (row: Schema<"PermissionDetail">) =>
                  role.permissions.includes(row.permission) ? (
                    words.has
                  ) : (
                    <span>
                      <span aria-hidden="true">–</span>
                      <span className="unseen">{words.hasNot}</span>
                    </span>
                  ),
              })),
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}
