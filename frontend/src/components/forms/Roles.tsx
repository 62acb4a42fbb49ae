/** Roles that somebody is given, each for the whole tenant or for some collections of it. */
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schema } from "../../api/types";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { Outside } from "../Outside";
import { useCaller } from "../session";
import { CollectionNames, CollectionsField } from "./Collections";
import { useRoles } from "./choices";

type Assignment = Schema<"RoleAssignment">;

interface RolesFieldProps {
  label: string;
  hint?: string;
  value: readonly Assignment[];
  onChange: (roles: Assignment[]) => void;
}

export function RolesField({ label, hint, value, onChange }: RolesFieldProps) {
  const words = texts.forms;
  const known = useRoles();
  const caller = useCaller();
  const names = known.length > 0 ? known.map(({ name }) => name) : caller.roles;
  const change = (index: number, next: Assignment) => onChange(value.map((one, at) => (at === index ? next : one)));
  return (
    <FormField label={label} description={hint} stretch>
      <SpaceBetween size="s">
        {value.length === 0 && <div>{words.noRoles}</div>}
        {value.map((assignment, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a role may be given twice, for different collections
          <div key={index} className="role-row">
            <FormField label={words.role}>
              <Select
                selectedOption={
                  assignment.role === "" ? null : { value: assignment.role, label: visible(assignment.role) }
                }
                placeholder={words.chooseRole}
                expandToViewport
                filteringType="auto"
                options={names.map((name) => {
                  const description = known.find((one) => one.name === name)?.description;
                  return {
                    value: name,
                    label: visible(name),
                    ...(description ? { description: visible(description).slice(0, 120) } : {}),
                  };
                })}
                onChange={({ detail }) => change(index, { ...assignment, role: detail.selectedOption.value ?? "" })}
              />
            </FormField>
            <CollectionsField
              value={assignment.collections ?? []}
              onChange={(collections) => change(index, { ...assignment, collections })}
            />
            <Button
              variant="icon"
              iconName="close"
              formAction="none"
              ariaLabel={words.removeRole(visible(assignment.role))}
              onClick={() => onChange(value.filter((_, at) => at !== index))}
            />
          </div>
        ))}
        <Button
          iconName="add-plus"
          formAction="none"
          disabled={value.length >= 16}
          onClick={() => onChange([...value, { role: "", collections: [] }])}
        >
          {words.addRole}
        </Button>
      </SpaceBetween>
    </FormField>
  );
}

/** Whether each row has its role. */
export function areRolesChosen(roles: readonly Assignment[]): boolean {
  return roles.every(({ role }) => role !== "");
}

/** Roles with what they are limited to. */
export function RoleNames({ roles }: { roles: readonly Assignment[] }) {
  if (roles.length === 0) {
    return <>{texts.common.none}</>;
  }
  return (
    <SpaceBetween size="xxxs">
      {roles.map(({ role, collections = [] }) => (
        <span key={`${role} ${collections.join(" ")}`}>
          <Outside text={role} most={60} />
          {collections.length > 0 && (
            <>
              {" ("}
              <CollectionNames ids={collections} />)
            </>
          )}
        </span>
      ))}
    </SpaceBetween>
  );
}

/** The same as a text. */
export function roleText(roles: readonly Assignment[]): string {
  return roles
    .map(({ role, collections = [] }) => (collections.length === 0 ? role : `${role} (${collections.join(", ")})`))
    .join("; ");
}
