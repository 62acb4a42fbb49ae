/** How old what is known of vulnerabilities is. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import type { Schema } from "../../api/types";
import { Loaded } from "../../components/Loaded";
import { Moment, useNow } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { count } from "../../domain/format";
import { type FeedState, feedStates } from "../../domain/overview";
import { texts } from "../../texts";
import * as ask from "./questions";

export function FeedsCard() {
  const query = useQuery(ask.feeds);
  return (
    <Container header={<Header variant="h2">{texts.overview.feeds.title}</Header>}>
      <Loaded query={query}>{(list) => <Feeds list={list} />}</Loaded>
    </Container>
  );
}

function Feeds({ list }: { list: Schema<"FeedList"> }) {
  const words = texts.overview.feeds;
  const now = useNow();
  const states = feedStates(list.feeds, list.downloads ?? [], now);
  const troubled = states.filter(({ trouble }) => trouble !== undefined);
  if (!list.loaded) {
    return (
      <Alert type="warning" header={words.none}>
        {list.how_to_fill ? <Outside text={list.how_to_fill} most={400} /> : null}
      </Alert>
    );
  }
  return (
    <div className="stack">
      {troubled.length === 0 ? (
        <StatusIndicator type="success">{words.fresh(count(states.length))}</StatusIndicator>
      ) : (
        <FeedTable states={troubled} />
      )}
      <ExpandableSection variant="footer" headerText={words.all}>
        <FeedTable states={states} />
      </ExpandableSection>
    </div>
  );
}

function FeedTable({ states }: { states: readonly FeedState[] }) {
  const words = texts.overview.feeds;
  return (
    <Scrolls label={texts.overview.feeds.title}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{words.feed}</th>
            <th scope="col">{words.read}</th>
            <th scope="col">{words.asOf}</th>
            <th scope="col">{words.rows}</th>
          </tr>
        </thead>
        <tbody>
          {states.map((state) => (
            <tr key={state.name}>
              <th scope="row">
                <Outside text={state.name} most={60} />
                {state.trouble !== undefined && (
                  <div>
                    <StatusIndicator type={state.trouble === "failed" ? "error" : "warning"}>
                      {words[state.trouble]}
                    </StatusIndicator>
                    {state.detail !== undefined && (
                      <div className="quiet">
                        <Outside text={state.detail} most={200} />
                      </div>
                    )}
                  </div>
                )}
              </th>
              <td className="one-line">
                <Moment at={state.loadedAt} />
              </td>
              <td className="one-line">
                <Moment at={state.asOf} otherwise="–" />
              </td>
              <td>{count(state.rows)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
