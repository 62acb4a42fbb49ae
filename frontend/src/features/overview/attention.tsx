/** What somebody should look after: silent agents, registries with trouble, alerts. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import * as ask from "./questions";

/** Most rows of a card. */
const MOST = 5;

export function AgentsCard() {
  const words = texts.overview.agents;
  const query = useQuery(ask.silentAgents);
  const may = useMay();
  const seesHosts = may("hosts.read");
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <Loaded query={query}>
        {({ agents }) =>
          agents.length === 0 ? (
            <StatusIndicator type="success">{words.none}</StatusIndicator>
          ) : (
            <>
              <table className="plain-table">
                <thead>
                  <tr>
                    <th scope="col">{words.host}</th>
                    <th scope="col">{words.last}</th>
                  </tr>
                </thead>
                <tbody>
                  {agents.slice(0, MOST).map((agent) => (
                    <tr key={agent.id}>
                      <th scope="row">
                        {seesHosts ? (
                          <To href={`/hosts/${encodeURIComponent(agent.host)}`}>
                            <Outside text={agent.host_name} most={60} />
                          </To>
                        ) : (
                          <Outside text={agent.host_name} most={60} />
                        )}
                      </th>
                      <td className="one-line">
                        <Moment at={agent.last_seen_at} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {agents.length > MOST && <p className="quiet">{words.more(count(agents.length - MOST))}</p>}
            </>
          )
        }
      </Loaded>
    </Container>
  );
}

export function RegistriesCard() {
  const words = texts.overview.registries;
  const query = useQuery(ask.registries);
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <Loaded query={query}>
        {({ registries }) => {
          const troubled = registries.filter(({ last_run }) => (last_run?.problems ?? []).length > 0);
          if (troubled.length === 0) {
            return registries.length === 0 ? (
              <span className="quiet">{words.noRegistries}</span>
            ) : (
              <StatusIndicator type="success">{words.none}</StatusIndicator>
            );
          }
          return (
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">{words.registry}</th>
                  <th scope="col">{words.problem}</th>
                </tr>
              </thead>
              <tbody>
                {troubled.slice(0, MOST).map(({ id, settings, last_run }) => (
                  <tr key={id}>
                    <th scope="row">
                      <Outside text={settings.name} most={60} />
                    </th>
                    <td>
                      <Outside text={last_run?.problems?.[0] ?? ""} most={200} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }}
      </Loaded>
    </Container>
  );
}

export function AlertsCard() {
  const words = texts.overview.alerts;
  const query = useQuery(ask.alerts);
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <Loaded query={query}>
        {({ alerts }) =>
          alerts.length === 0 ? (
            <StatusIndicator type="success">{words.none}</StatusIndicator>
          ) : (
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">{words.when}</th>
                  <th scope="col">{words.what}</th>
                </tr>
              </thead>
              <tbody>
                {alerts.map((alert) => (
                  <tr key={alert.id}>
                    <th scope="row" className="one-line">
                      <Moment at={alert.raised_at} />
                    </th>
                    <td>
                      <Outside text={alert.summary} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </Container>
  );
}
