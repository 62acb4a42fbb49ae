/** The images of a registry. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo } from "react";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Outside } from "../../components/Outside";
import { To } from "../../components/To";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";

type Row = Schema<"RegistryImageRow">;

function columns(): Column<Row>[] {
  const words = texts.registries.images;
  return [
    textColumn("repository", words.repository, (row) => row.repository, { isName: true, minWidth: 180 }),
    textColumn("tag", words.tag, (row) => row.tag),
    {
      id: "state",
      header: words.state,
      cell: (row) =>
        row.problem ? (
          <StatusIndicator type="error">{words.givenUp}</StatusIndicator>
        ) : (
          <StatusIndicator type="success">{words.read}</StatusIndicator>
        ),
      text: (row) => (row.problem ? words.givenUp : words.read),
    },
    {
      id: "images",
      header: words.images,
      cell: (row) => (
        <span className="links">
          {(row.images ?? []).map((id) => (
            <To key={id} href={`/images/${encodeURIComponent(id)}`}>
              <Outside text={shortDigest(id)} code />
            </To>
          ))}
        </span>
      ),
      text: (row) => (row.images ?? []).join(" "),
    },
    textColumn("problem", words.problem, (row) => row.problem, { minWidth: 200, most: 160 }),
    momentColumn("updated", words.updated, (row) => row.updated_at),
    textColumn("digest", words.digest, (row) => row.digest, { hidden: true, code: true }),
  ];
}

const COLUMNS = columns();

export function RegistryImages({ id }: { id: string }) {
  const words = texts.registries.images;
  const source = useMemo(() => listAt("/api/v1/registries/{id}/images", (page) => page.images, { id }), [id]);
  return (
    <ResourceList
      isPart
      id="registry-images"
      title={words.title}
      description={words.description}
      source={source}
      columns={COLUMNS}
      rowKey={(row) => `${row.repository}:${row.tag}`}
      empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
    />
  );
}
