/** The feeds: how old each is, what went wrong, and what is held back because it shrank. */
import Alert from "@cloudscape-design/components/alert";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Act } from "../../components/forms/Act";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { useMay } from "../../components/session";
import { bytes, count } from "../../domain/format";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type FeedList = Schema<"FeedList">;

const KEY = ["feeds"];

function refresh(accept: string[]): Promise<Schema<"FeedRefresh">> {
  return answered(api.POST("/api/v1/feeds/refresh", { body: { accept_shrunk: accept } }));
}

export function Feeds() {
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => answered(api.GET("/api/v1/feeds", { signal })),
  });
  return <Loaded query={query}>{(feeds) => <Shown feeds={feeds} />}</Loaded>;
}

function Shown({ feeds }: { feeds: FeedList }) {
  const words = texts.settings.feeds;
  const may = useMay();
  const downloads = feeds.downloads ?? [];
  return (
    <SpaceBetween size="l">
      {!feeds.loaded && (
        <Alert type="warning" header={words.none}>
          <Outside text={feeds.how_to_fill ?? ""} most={1000} />
        </Alert>
      )}
      <Table
        variant="container"
        items={feeds.feeds}
        trackBy="name"
        enableKeyboardNavigation
        wrapLines
        ariaLabels={{ tableLabel: words.title }}
        header={
          <Header
            variant="h2"
            counter={`(${count(feeds.feeds.length)})`}
            description={
              <>
                {words.description}
                {feeds.built_at && (
                  <>
                    {" · "}
                    {words.built} <Moment at={feeds.built_at} />
                  </>
                )}
              </>
            }
            actions={
              may("feeds.refresh") && (
                <Act label={words.refresh} run={() => refresh([])} done={words.refreshed} renews={[KEY]} />
              )
            }
          >
            {words.title}
          </Header>
        }
        columnDefinitions={[
          {
            id: "name",
            header: words.name,
            isRowHeader: true,
            minWidth: 150,
            cell: (row) => <Outside text={row.name} />,
          },
          {
            id: "state",
            header: words.state,
            minWidth: 110,
            cell: (row) => <State error={row.last_error} held={[]} />,
          },
          {
            id: "error",
            header: words.error,
            minWidth: 220,
            cell: (row) => (row.last_error ? <Outside text={row.last_error} most={160} /> : "–"),
          },
          { id: "asOf", header: words.asOf, minWidth: 130, cell: (row) => <Moment at={row.as_of} otherwise="–" /> },
          { id: "documents", header: words.documents, cell: (row) => count(row.documents) },
          { id: "rows", header: words.rows, cell: (row) => count(row.rows) },
          { id: "loaded", header: words.loaded, minWidth: 130, cell: (row) => <Moment at={row.loaded_at} /> },
          { id: "checked", header: words.checked, minWidth: 130, cell: (row) => <Moment at={row.checked_at} /> },
        ]}
      />
      {downloads.length > 0 && <Downloads downloads={downloads} />}
    </SpaceBetween>
  );
}

function State({ error, held }: { error: string | null | undefined; held: readonly string[] }) {
  const words = texts.settings.feeds;
  if (held.length > 0) {
    return <StatusIndicator type="warning">{words.held}</StatusIndicator>;
  }
  return error ? (
    <StatusIndicator type="error">{words.failed}</StatusIndicator>
  ) : (
    <StatusIndicator type="success">{words.good}</StatusIndicator>
  );
}

function Downloads({ downloads }: { downloads: readonly Schema<"FeedDownload">[] }) {
  const words = texts.settings.feeds;
  return (
    <Table
      variant="container"
      items={downloads}
      trackBy="name"
      enableKeyboardNavigation
      wrapLines
      ariaLabels={{ tableLabel: words.downloads }}
      header={
        <Header variant="h2" description={words.downloadsHint}>
          {words.downloads}
        </Header>
      }
      columnDefinitions={[
        {
          id: "name",
          header: words.name,
          isRowHeader: true,
          minWidth: 150,
          cell: (row) => <Outside text={row.name} />,
        },
        {
          id: "state",
          header: words.state,
          minWidth: 110,
          cell: (row) => <State error={row.last_error} held={row.held ?? []} />,
        },
        { id: "changed", header: words.changed, minWidth: 130, cell: (row) => <Moment at={row.changed_at} /> },
        { id: "checked", header: words.checked, minWidth: 130, cell: (row) => <Moment at={row.checked_at} /> },
        { id: "rows", header: words.rows, cell: (row) => count(row.rows) },
        { id: "size", header: words.size, cell: (row) => bytes(row.size_bytes) },
        { id: "error", header: words.error, minWidth: 240, cell: (row) => <Trouble download={row} /> },
      ]}
    />
  );
}

function Trouble({ download }: { download: Schema<"FeedDownload"> }) {
  const words = texts.settings.feeds;
  const may = useMay();
  const held = download.held ?? [];
  const said = [...held, ...(download.last_error ? [download.last_error] : [])];
  if (said.length === 0) {
    return <>–</>;
  }
  return (
    <SpaceBetween size="xxs">
      {said.map((text) => (
        <Outside key={text} text={text} most={240} />
      ))}
      {held.length > 0 && may("feeds.refresh") && (
        <Act
          variant="inline-link"
          label={words.take}
          ariaLabel={`${words.take}: ${visible(download.name)}`}
          run={() => refresh([download.name])}
          confirm={{ title: words.takeTitle(visible(download.name)), body: words.takeHint }}
          done={words.taken}
          renews={[KEY]}
        />
      )}
    </SpaceBetween>
  );
}
