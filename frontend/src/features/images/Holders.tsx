/** The hosts that hold an image. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { HostName } from "../../components/HostName";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";

/** Most hosts that are drawn. */
const MOST = 200;

interface HoldersProps {
  image: string;
  hosts: readonly string[];
  /** The names of those that are known. */
  names: Readonly<Record<string, string>>;
}

export function Holders({ image, hosts, names }: HoldersProps) {
  const words = texts.images.detail;
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={`(${count(hosts.length)})`}
          actions={<To href={`/containers?image=${encodeURIComponent(image)}`}>{texts.images.detail.itsContainers}</To>}
        >
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
              <HostName id={host} name={names[host]} />
            </li>
          ))}
        </ul>
      )}
      {hosts.length > MOST && <p className="quiet">{texts.vulnerabilities.detail.more(count(hosts.length - MOST))}</p>}
    </Container>
  );
}
