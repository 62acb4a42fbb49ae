/** The list of registries. */
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
import { RegistryState, stateText } from "./RegistryState";

const SOURCE = listAt("/api/v1/registries", (page) => page.registries);

type Registry = Schema<"RegistryDetail">;

/** How often a registry is looked at. */
export function scheduleText({ settings }: Registry): string {
  const hours = settings.every_hours;
  return typeof hours === "number" ? texts.registries.every(hours) : texts.registries.byHand;
}

function columns(): Column<Registry>[] {
  const words = texts.registries;
  return [
    textColumn("name", words.name, (row) => row.settings.name, {
      isName: true,
      minWidth: 160,
      href: (row) => `/registries/${encodeURIComponent(row.id)}`,
    }),
    textColumn("address", words.address, (row) => row.settings.address, { minWidth: 160 }),
    textColumn("kind", words.kind, (row) => words.kinds[row.settings.kind ?? "generic"] ?? row.settings.kind),
    { id: "state", header: words.state, cell: (row) => <RegistryState registry={row} />, text: stateText },
    momentColumn("run", words.lastRun, (row) => row.last_run?.updated_at ?? row.last_run?.started_at, {
      otherwise: texts.common.never,
    }),
    textColumn("schedule", words.schedule, scheduleText),
    {
      id: "repositories",
      header: words.repositories,
      cell: (row) => count(row.last_run?.repositories ?? 0),
      text: (row) => row.last_run?.repositories,
    },
    {
      id: "tags",
      header: words.tags,
      hidden: true,
      cell: (row) => count(row.last_run?.tags ?? 0),
      text: (row) => row.last_run?.tags,
    },
    textColumn("by", words.by, (row) => row.updated_by, { hidden: true }),
  ];
}

const COLUMNS = columns();

export function RegistriesPage() {
  const words = texts.registries;
  const may = useMay();
  const create = may("registries.manage") && (
    <Go href="/registries/new" variant="primary">
      {words.create}
    </Go>
  );
  return (
    <ResourceList
      id="registries"
      title={words.title}
      description={words.description}
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
