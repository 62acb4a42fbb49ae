/** The hosts that hold an image. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { HostName } from "../../components/HostName";
import { count } from "../../domain/format";
import { texts } from "../../texts";

/** Most hosts that are drawn: each is asked for its name. */
const MOST = 50;

export function Holders({ hosts }: { hosts: readonly string[] }) {
  const words = texts.images.detail;
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count(hosts.length)})`}>
          {words.onHosts}
        </Header>
      }
    >
      {hosts.length === 0 ? (
        words.noHosts
      ) : (
        <ul className="plain-list">
          {hosts.slice(0, MOST).map((host) => (
            <li key={host}>
              <HostName id={host} />
            </li>
          ))}
        </ul>
      )}
      {hosts.length > MOST && <p className="quiet">{texts.vulnerabilities.detail.more(count(hosts.length - MOST))}</p>}
    </Container>
  );
}
