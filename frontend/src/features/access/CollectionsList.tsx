/** The list of collections. */
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { texts } from "../../texts";

const SOURCE = listAt("/api/v1/collections", (page) => page.collections);

type Collection = Schema<"CollectionDetail">;

/** What is in a collection, in a line. */
function partsText({ collection }: Collection): string {
  const words = texts.access.collections;
  const { hosts = [], images = [], labels = [], namespaces = [], accounts = [] } = collection.parts;
  const parts = [
    { label: words.hosts, patterns: hosts },
    { label: words.images, patterns: images },
    { label: words.labels, patterns: labels },
    { label: words.namespaces, patterns: namespaces },
    { label: words.accounts, patterns: accounts },
  ].filter(({ patterns }) => patterns.length > 0);
  return parts.length === 0
    ? words.everything
    : parts.map(({ label, patterns }) => `${label}: ${patterns.join(", ")}`).join(" · ");
}

function columns(): Column<Collection>[] {
  const words = texts.access.collections;
  return [
    textColumn("name", words.name, (row) => row.collection.name, {
      isName: true,
      minWidth: 160,
      href: (row) => `/access/collections/${encodeURIComponent(row.id)}`,
    }),
    textColumn("description", words.description, (row) => row.collection.description),
    textColumn("parts", words.parts, partsText, { minWidth: 220, most: 160 }),
    momentColumn("updated", words.updated, (row) => row.updated_at),
    textColumn("by", words.by, (row) => row.updated_by),
  ];
}

const COLUMNS = columns();

export function CollectionsList() {
  const words = texts.access.collections;
  const may = useMay();
  const create = may("collections.manage") && (
    <Go href="/access/new-collection" variant="primary">
      {words.create}
    </Go>
  );
  return (
    <ResourceList
      isPart
      id="collections"
      title={words.title}
      description={words.about}
      source={SOURCE}
      columns={COLUMNS}
      hasSearch
      placeholder={words.find}
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
