/** The list of people. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { RoleNames, roleText } from "../../components/forms/Roles";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/people", (page) => page.people);

type Person = Schema<"PersonDetail">;

export function PersonState({ person }: { person: Person }) {
  const words = texts.access.people;
  if (person.disabled) {
    return <StatusIndicator type="stopped">{words.disabled}</StatusIndicator>;
  }
  return person.must_change_password ? (
    <StatusIndicator type="pending">{words.oneTime}</StatusIndicator>
  ) : (
    <StatusIndicator type="success">{words.active}</StatusIndicator>
  );
}

function columns(): Column<Person>[] {
  const words = texts.access.people;
  return [
    textColumn("login", words.login, (row) => row.id, {
      isName: true,
      minWidth: 160,
      href: (row) => `/access/people/${encodeURIComponent(row.id)}`,
    }),
    textColumn("name", words.name, (row) => row.name),
    {
      id: "roles",
      header: words.roles,
      minWidth: 160,
      cell: (row) => <RoleNames roles={row.roles} />,
      text: (row) => roleText(row.roles),
    },
    {
      id: "state",
      header: words.state,
      cell: (row) => <PersonState person={row} />,
      text: (row) => (row.disabled ? words.disabled : row.must_change_password ? words.oneTime : words.active),
    },
    {
      id: "factor",
      header: words.secondFactor,
      cell: (row) => (row.second_factor ? texts.common.yes : texts.common.no),
      text: (row) => row.second_factor === true,
    },
    textColumn("email", words.email, (row) => row.email, { hidden: true }),
    momentColumn("created", words.created, (row) => row.created_at),
  ];
}

function filters(): ListFilter[] {
  const words = texts.access.people;
  return [
    { key: "role", label: words.role, kind: "text" },
    { key: "disabled", label: words.disabled, kind: "yesno" },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function PeopleList() {
  const words = texts.access.people;
  const may = useMay();
  return (
    <ResourceList
      isPart
      id="people"
      title={words.title}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => row.id}
      actions={
        may("people.manage") && (
          <Go href="/access/invite" variant="primary">
            {words.invite}
          </Go>
        )
      }
      empty={<Empty title={words.empty} />}
    />
  );
}
