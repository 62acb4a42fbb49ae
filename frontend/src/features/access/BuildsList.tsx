/** The list of trusted builds. */
import { done } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { Go } from "../../components/forms/Go";
import { RoleNames, roleText } from "../../components/forms/Roles";
import { actionColumn, momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/trusted-builds", (page) => page.trusted_builds);

type Build = Schema<"TrustedBuildRow">;

function columns(): Column<Build>[] {
  const words = texts.access.builds;
  return [
    textColumn("note", words.note, (row) => row.note, { isName: true, minWidth: 140, otherwise: words.noNote }),
    textColumn("issuer", words.issuer, (row) => row.issuer, { minWidth: 200 }),
    textColumn("claims", words.claims, (row) =>
      Object.entries(row.claims)
        .map(([name, pattern]) => `${name}=${pattern}`)
        .join(", "),
    ),
    {
      id: "roles",
      header: words.roles,
      cell: (row) => <RoleNames roles={row.roles} />,
      text: (row) => roleText(row.roles),
    },
    {
      id: "lifetime",
      header: words.lifetime,
      cell: (row) => words.minutes(count(row.lifetime_s / 60)),
      text: (row) => row.lifetime_s,
    },
    textColumn("by", words.by, (row) => row.created_by),
    momentColumn("created", words.created, (row) => row.created_at),
    actionColumn((row) => <Remove row={row} />),
  ];
}

const COLUMNS = columns();

function Remove({ row }: { row: Build }) {
  const words = texts.access.builds;
  const may = useMay();
  if (!may("tokens.manage")) {
    return null;
  }
  const name = row.note === "" ? row.issuer : visible(row.note).slice(0, 80);
  return (
    <Act
      variant="inline-link"
      label={words.remove}
      ariaLabel={`${words.remove}: ${name}`}
      run={() => done(api.DELETE("/api/v1/trusted-builds/{id}", { params: { path: { id: row.id } } }))}
      confirm={{ title: words.removeTitle(name), body: words.removeHint }}
      done={words.removed}
      renews={[
        ["list", SOURCE.address],
        ["list", "/api/v1/tokens"],
      ]}
    />
  );
}

export function BuildsList() {
  const words = texts.access.builds;
  const may = useMay();
  const create = may("tokens.manage") && (
    <Go href="/access/new-trusted-build" variant="primary">
      {words.create}
    </Go>
  );
  return (
    <ResourceList
      isPart
      id="trusted-builds"
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
