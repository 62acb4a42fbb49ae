/** The list of channels. A tenant has a few, which come all at once. */
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { Empty } from "../../components/Empty";
import { Go } from "../../components/forms/Go";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import { ChannelState, eventsText, whereText } from "./channel";

/** All channels. */
export const channelsQuery = queryOptions({
  queryKey: ["channels"],
  queryFn: async ({ signal }) => (await answered(api.GET("/api/v1/notifications/channels", { signal }))).channels,
});

export function ChannelsPage() {
  const words = texts.notifications;
  const may = useMay();
  const query = useQuery(channelsQuery);
  const create = may("notifications.manage") && (
    <Go href="/notifications/new" variant="primary">
      {words.create}
    </Go>
  );
  return (
    <Page title={words.title} description={words.description} actions={create}>
      <Loaded query={query}>
        {(channels) => (
          <Table
            variant="container"
            items={[...channels]}
            trackBy="id"
            enableKeyboardNavigation
            ariaLabels={{ tableLabel: words.title }}
            header={
              <Header variant="h2" counter={`(${count(channels.length)})`}>
                {words.channels}
              </Header>
            }
            empty={
              <Empty title={words.empty} action={create}>
                {words.emptyHint}
              </Empty>
            }
            columnDefinitions={[
              {
                id: "name",
                header: words.name,
                isRowHeader: true,
                minWidth: 160,
                cell: (row) => (
                  <To href={`/notifications/${encodeURIComponent(row.id)}`}>
                    <Outside text={row.name} most={80} />
                  </To>
                ),
              },
              { id: "kind", header: words.kind, cell: (row) => words.kinds[row.target.kind] ?? row.target.kind },
              {
                id: "where",
                header: words.where,
                minWidth: 180,
                cell: (row) => <Outside text={whereText(row) || "–"} most={80} />,
              },
              { id: "state", header: words.state, cell: (row) => <ChannelState channel={row} /> },
              { id: "events", header: words.events, minWidth: 220, cell: eventsText },
              {
                id: "updated",
                header: words.updated,
                cell: (row) => (
                  <SpaceBetween direction="horizontal" size="xxs">
                    <Moment at={row.updated_at} />
                  </SpaceBetween>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}
