/** The Patch Tuesday board: each Windows build with what of the estate is on which revision, and the list of what to rebuild. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loaded";
import type { Column } from "../../components/list/columns";
import { takeRows } from "../../components/list/Export";
import { Moment } from "../../components/Moment";
import { Page } from "../../components/Page";
import { count } from "../../domain/format";
import { type Rebuild, rebuildList } from "../../domain/windows";
import { texts } from "../../texts";
import { Build } from "./Build";

const KINDS = ["all", "image", "host"] as const;

function columns(): Column<Rebuild>[] {
  const words = texts.windows.columns;
  const column = (id: keyof Rebuild, header: string): Column<Rebuild> => ({
    id,
    header,
    cell: () => null,
    text: (row) => row[id],
  });
  return [
    column("name", words.image),
    column("build", words.build),
    column("tag", words.tag),
    column("running", words.running),
    column("score", words.score),
    column("place", words.kind),
  ];
}

export function WindowsPage() {
  const words = texts.windows;
  const [params, setParams] = useSearchParams();
  const kind = KINDS.find((one) => one === params.get("place_kind")) ?? "all";
  const found = useQuery({
    queryKey: ["windows-builds", kind],
    queryFn: ({ signal }) => {
      const query = kind === "all" ? {} : { place_kind: kind };
      return answered(api.GET("/api/v1/windows-builds", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });
  const rebuilds = rebuildList(found.data?.builds ?? []);
  return (
    <Page
      title={words.title}
      description={
        <>
          {words.description}
          {found.data !== undefined && (
            <>
              {" · "}
              {texts.common.list.asOf} <Moment at={found.data.as_of} />
            </>
          )}
        </>
      }
      actions={
        <Button
          iconName="download"
          disabled={rebuilds.length === 0}
          onClick={() => takeRows("csv", "rebuild", columns(), rebuilds)}
        >
          {words.rebuild} ({count(rebuilds.length)})
        </Button>
      }
    >
      <SegmentedControl
        label={words.kind}
        selectedId={kind}
        options={KINDS.map((id) => ({ id, text: words.kinds[id] ?? id }))}
        onChange={({ detail }) =>
          setParams(detail.selectedId === "all" ? {} : { place_kind: detail.selectedId }, { replace: true })
        }
      />
      <Loaded query={found}>{(list) => <Board list={list} />}</Loaded>
    </Page>
  );
}

function Board({ list }: { list: Schema<"WindowsBuildList"> }) {
  const words = texts.windows;
  if (list.builds.length === 0) {
    return (
      <Container>
        <Empty title={words.empty}>{words.emptyHint}</Empty>
      </Container>
    );
  }
  return (
    <SpaceBetween size="l">
      {list.unknown > 0 && <Alert type="info">{words.unknown(list.unknown, count(list.unknown))}</Alert>}
      {list.left_out > 0 && <Alert type="warning">{words.leftOut(count(list.left_out))}</Alert>}
      {list.builds.map((build) => (
        <Build key={build.build} build={build} />
      ))}
    </SpaceBetween>
  );
}
