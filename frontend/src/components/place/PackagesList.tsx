/** The packages of a host or an image. */
import type { ListSource } from "../../api/lists";
import type { Schema } from "../../api/types";
import type { ListFilter } from "../../domain/listQuery";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";
import { Empty } from "../Empty";
import type { Column } from "../list/columns";
import { ResourceList } from "../list/ResourceList";
import { Outside } from "../Outside";

type Row = Schema<"Package">;

/** The kinds that the API can be asked for. */
const KINDS: Exclude<Row["kind"], "unknown">[] = [
  "deb",
  "apk",
  "rpm",
  "npm",
  "pypi",
  "nuget",
  "windows_program",
  "maven",
  "golang",
  "cargo",
  "gem",
  "composer",
  "dotnet",
  "windows_file",
  "conan",
  "pub",
  "hex",
  "swift",
  "cocoapods",
  "conda",
  "julia",
];

function columns(): Column<Row>[] {
  const words = texts.places.packages.columns;
  return [
    {
      id: "name",
      header: words.name,
      isName: true,
      minWidth: 160,
      cell: (row) => <Outside text={row.name} most={80} />,
      text: (row) => row.name,
    },
    {
      id: "version",
      header: words.version,
      cell: (row) => <Outside text={row.version} most={60} code />,
      text: (row) => row.version,
    },
    { id: "kind", header: words.kind, cell: (row) => row.kind.replaceAll("_", " "), text: (row) => row.kind },
    {
      id: "source",
      header: words.source,
      cell: (row) => (row.source_name ? <Outside text={row.source_name} most={60} /> : "–"),
      text: (row) => row.source_name,
    },
    {
      id: "path",
      header: words.path,
      minWidth: 200,
      cell: (row) => <Outside text={row.path} most={90} code />,
      text: (row) => row.path,
    },
    {
      id: "layer",
      header: words.layer,
      hidden: true,
      cell: (row) => <Outside text={shortDigest(row.layer ?? "")} code />,
      text: (row) => row.layer,
    },
    {
      id: "purl",
      header: words.purl,
      hidden: true,
      cell: (row) => <Outside text={row.purl} most={120} code />,
      text: (row) => row.purl,
    },
  ];
}

const COLUMNS = columns();
const FILTERS: ListFilter[] = [
  {
    key: "kind",
    label: texts.places.packages.filters.kind,
    kind: "words",
    words: KINDS.map((word) => ({ word, label: word.replaceAll("_", " ") })),
  },
];

export function PackagesList({ source, id }: { source: ListSource<Row, Schema<"PackageList">>; id: string }) {
  const words = texts.places.packages;
  return (
    <ResourceList
      isPart
      id={id}
      title={words.title}
      source={source}
      columns={COLUMNS}
      filters={FILTERS}
      hasSearch
      placeholder={words.find}
      rowKey={(row) => `${row.purl} ${row.path} ${row.layer ?? ""}`}
      empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
    />
  );
}
