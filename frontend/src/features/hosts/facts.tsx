/** What listens on a host, and which updates a Windows host has. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schema } from "../../api/types";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { count } from "../../domain/format";
import { texts } from "../../texts";

export function Listening({ host }: { host: Schema<"HostFacts"> }) {
  const words = texts.hosts.detail;
  const sockets = [...(host.listening ?? [])].sort((a, b) => a.port - b.port);
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count(sockets.length)})`}>
          {words.listening}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {host.listening_complete !== true && <Alert type="info">{words.listeningPartly}</Alert>}
        {sockets.length === 0 ? (
          words.noListening
        ) : (
          <Scrolls label={words.listening}>
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">{words.socket.port}</th>
                  <th scope="col">{words.socket.address}</th>
                  <th scope="col">{words.socket.process}</th>
                </tr>
              </thead>
              <tbody>
                {sockets.map((socket) => (
                  <tr key={`${socket.protocol} ${socket.address} ${socket.port}`}>
                    <th scope="row" className="one-line">
                      {socket.port}/{socket.protocol}
                    </th>
                    <td>
                      <Outside text={socket.address} most={60} code />
                    </td>
                    <td>{socket.process ? <Outside text={socket.process} most={80} /> : texts.common.unknown}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scrolls>
        )}
      </SpaceBetween>
    </Container>
  );
}

export function Updates({ windows }: { windows: Schema<"WindowsOs"> }) {
  const words = texts.hosts.detail;
  const updates = windows.updates ?? [];
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count(updates.length)})`}>
          {words.updates}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {windows.updates_complete !== true && <Alert type="info">{words.updatesPartly}</Alert>}
        <Scrolls label={words.updates}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{words.update.kb}</th>
                <th scope="col">{words.update.state}</th>
                <th scope="col">{words.update.installed}</th>
              </tr>
            </thead>
            <tbody>
              {updates.map((update) => (
                <tr key={update.kb}>
                  <th scope="row">
                    <Outside text={update.kb} most={40} code />
                  </th>
                  <td>{words.updateStates[update.state ?? "unknown"] ?? update.state}</td>
                  <td>
                    <Moment at={update.installed_at} otherwise={texts.common.unknown} plain />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      </SpaceBetween>
    </Container>
  );
}
