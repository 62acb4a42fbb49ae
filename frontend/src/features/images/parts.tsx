/** The layers of an image, split at its base, and the hosts that hold it. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { HostName } from "../../components/HostName";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { Chip } from "../../components/Severity";
import { bytes, count } from "../../domain/format";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";

export function Layers({ detail }: { detail: Schema<"ImageDetail"> }) {
  const words = texts.images.detail;
  const layers = detail.image.layers ?? [];
  const base = detail.image.base?.layers;
  const missing = new Set(detail.missing_layers);
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count(layers.length)})`}>
          {words.layers}
        </Header>
      }
    >
      <Scrolls label={words.layers}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{words.layer.number}</th>
              <th scope="col">{words.layer.made}</th>
              <th scope="col">{words.layer.from}</th>
              <th scope="col">{words.layer.size}</th>
              <th scope="col">{words.layer.state}</th>
              <th scope="col">{words.layer.digest}</th>
            </tr>
          </thead>
          <tbody>
            {layers.map((layer, index) => (
              // A layer may be in an image twice.
              // biome-ignore lint/suspicious/noArrayIndexKey: its place is what tells it apart
              <tr key={`${index} ${layer.diff_id}`}>
                <th scope="row">{index + 1}</th>
                <td>
                  {layer.created_by ? (
                    <Outside text={layer.created_by} most={160} code />
                  ) : (
                    <span className="quiet">{texts.common.unknown}</span>
                  )}
                </td>
                <td>{base ? <Chip>{index < base ? words.baseImage : words.thisBuild}</Chip> : texts.common.unknown}</td>
                <td className="one-line">
                  {typeof layer.size_bytes === "number" ? bytes(layer.size_bytes) : texts.common.unknown}
                </td>
                <td>
                  {missing.has(layer.diff_id) ? (
                    <StatusIndicator type="warning">{words.missing}</StatusIndicator>
                  ) : (
                    <StatusIndicator type="success">{words.read}</StatusIndicator>
                  )}
                </td>
                <td className="one-line">
                  <Copyable text={layer.diff_id} shown={shortDigest(layer.diff_id)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </Container>
  );
}

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
