/** Permissions by what they are about, to be looked at or chosen. */
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { Loaded } from "../../components/Loaded";

/** Everything that can be allowed. */
export const permissionsQuery = queryOptions({
  queryKey: ["permissions"],
  queryFn: async ({ signal }) => (await answered(api.GET("/api/v1/permissions", { signal }))).permissions,
  staleTime: 3_600_000,
});

interface MatrixProps {
  chosen: readonly string[];
  onChange?: (permissions: string[]) => void;
}

export function Matrix({ chosen, onChange }: MatrixProps) {
  const query = useQuery(permissionsQuery);
  return (
    <Loaded query={query}>
      {(permissions) => {
        const groups = [...new Set(permissions.map(({ permission }) => aboutOf(permission)))];
        return (
          <div className="permission-groups">
            {groups.map((group) => (
              <fieldset key={group} className="permission-group">
                <legend>
                  <Box variant="strong">{titleOf(group)}</Box>
                </legend>
                {permissions
                  .filter(({ permission }) => aboutOf(permission) === group)
                  .map(({ permission, description }) => (
                    <Checkbox
                      key={permission}
                      checked={chosen.includes(permission)}
                      readOnly={onChange === undefined}
                      description={description}
                      onChange={({ detail }) =>
                        onChange?.(
                          detail.checked ? [...chosen, permission] : chosen.filter((one) => one !== permission),
                        )
                      }
                    >
                      {permission}
                    </Checkbox>
                  ))}
              </fieldset>
            ))}
          </div>
        );
      }}
    </Loaded>
  );
}

/** What a permission is about: `hosts` of `hosts.read`. */
function aboutOf(permission: string): string {
  return permission.split(".")[0] ?? permission;
}

/** The same as a title. */
function titleOf(group: string): string {
  const words = group.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
