/** One container: what runs, with which rights and doors, and how its image stands. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { Go } from "../../components/forms/Go";
import { Labels } from "../../components/Labels";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { Standing } from "../../components/place/Standing";
import { Scrolls } from "../../components/Scrolls";
import { To } from "../../components/To";
import { shortDigest } from "../../domain/outside";
import { portText, workloadName } from "../../domain/workload";
import { texts } from "../../texts";

type Detail = Schema<"ContainerDetail">;

export function ContainerPage() {
  const { host = "", id = "" } = useParams();
  const words = texts.containers;
  const found = useQuery({
    queryKey: ["container", host, id],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/v1/containers/{host}/{id}", { params: { path: { host, id } }, signal })),
  });
  const container = found.data?.container;
  const name = container?.name ?? id;
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      above={[{ text: words.title, href: "/containers" }]}
      description={
        container && (
          <StatusIndicator type={container.running ? "success" : "stopped"}>
            {container.running ? words.running : words.stopped}
          </StatusIndicator>
        )
      }
      actions={container && <Go href={`/images/${encodeURIComponent(container.image)}`}>{words.detail.toFindings}</Go>}
    >
      <Loaded query={found}>{(detail) => <Parts detail={detail} />}</Loaded>
    </Page>
  );
}

function Parts({ detail }: { detail: Detail }) {
  const words = texts.containers.detail;
  return (
    <>
      {detail.standing && <Standing standing={detail.standing} />}
      <Facts detail={detail} />
      <Rights container={detail.container} />
      <div className="halves">
        <Network detail={detail} />
        <Container header={<Header variant="h2">{words.mounts}</Header>}>
          <Mounts mounts={detail.container.mounts ?? []} />
        </Container>
      </div>
    </>
  );
}

function Facts({ detail }: { detail: Detail }) {
  const words = texts.containers;
  const { container } = detail;
  const workload = workloadName(container.workload);
  return (
    <Container header={<Header variant="h2">{words.detail.facts}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          {
            label: words.columns.image,
            value: (
              <To href={`/images/${encodeURIComponent(container.image)}`}>
                <Outside text={container.image_name ?? shortDigest(container.image)} most={100} />
              </To>
            ),
          },
          {
            label: words.columns.host,
            value: (
              <To href={`/hosts/${encodeURIComponent(detail.host)}`}>
                <Outside text={detail.host_name} most={80} />
              </To>
            ),
          },
          {
            label: words.columns.workload,
            value: workload === undefined ? texts.common.unknown : <Outside text={workload} most={100} />,
          },
          {
            label: words.detail.pod,
            value: container.pod ? (
              <Outside text={`${container.pod.namespace}/${container.pod.name}`} most={100} />
            ) : (
              texts.common.none
            ),
          },
          {
            label: words.columns.started,
            value: <Moment at={container.started_at} otherwise={texts.common.unknown} />,
          },
          { label: words.detail.observed, value: <Moment at={detail.observed_at} /> },
          { label: words.detail.labels, value: <Labels labels={container.labels ?? {}} /> },
          { label: words.columns.id, value: <Copyable text={container.id} shown={container.id.slice(0, 12)} /> },
        ]}
      />
    </Container>
  );
}

function Rights({ container }: { container: Schema<"Container"> }) {
  const words = texts.containers;
  const list = (all: readonly string[] | undefined) =>
    all === undefined || all.length === 0 ? texts.common.none : <Outside text={all.join(", ")} most={200} code />;
  const { privileged } = container;
  return (
    <Container header={<Header variant="h2">{words.detail.rights}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          {
            label: words.columns.privileged,
            value:
              typeof privileged === "boolean" ? (
                <StatusIndicator type={privileged ? "warning" : "success"}>
                  {privileged ? texts.common.yes : texts.common.no}
                </StatusIndicator>
              ) : (
                texts.common.unknown
              ),
          },
          {
            label: words.detail.user,
            value: container.user ? <Outside text={container.user} most={60} code /> : words.detail.defaultUser,
          },
          {
            label: words.detail.uid,
            value: typeof container.uid === "number" ? String(container.uid) : texts.common.unknown,
          },
          {
            label: words.columns.isolation,
            value: words.isolations[container.isolation ?? "unknown"] ?? container.isolation,
          },
          { label: words.detail.capabilities, value: list(container.capabilities_added) },
          { label: words.detail.dropped, value: list(container.capabilities_dropped) },
          { label: words.detail.security, value: list(container.security_options) },
          {
            label: words.detail.hostNetwork,
            value: container.host_network === true ? texts.common.yes : texts.common.no,
          },
        ]}
      />
    </Container>
  );
}

function Network({ detail }: { detail: Detail }) {
  const words = texts.containers.detail;
  const published = detail.container.published ?? [];
  const listening = detail.container.listening ?? [];
  return (
    <Container header={<Header variant="h2">{words.network}</Header>}>
      <div className="stack">
        <div>
          <strong>{texts.common.exposure[detail.exposure] ?? texts.common.unknown}</strong>
          <div className="quiet">
            <Outside text={detail.exposure_reason} most={240} />
          </div>
        </div>
        {published.length === 0 ? (
          <span className="quiet">{words.noPorts}</span>
        ) : (
          <ul className="plain-list">
            {published.map((port) => (
              <li key={portText(port)}>
                <Outside text={portText(port)} code />
              </li>
            ))}
          </ul>
        )}
        <div>
          <h3 className="small-heading">{words.listening}</h3>
          {listening.length === 0 ? (
            <span className="quiet">{words.notListening}</span>
          ) : (
            <ul className="plain-list">
              {listening.map((socket) => (
                <li key={`${socket.protocol} ${socket.address} ${socket.port}`}>
                  <Outside text={`${socket.address}:${socket.port}/${socket.protocol}`} code />{" "}
                  {socket.process ? <Outside text={socket.process} most={80} /> : null}
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Container>
  );
}

function Mounts({ mounts }: { mounts: readonly Schema<"Mount">[] }) {
  const words = texts.containers.detail;
  if (mounts.length === 0) {
    return <>{words.noMounts}</>;
  }
  return (
    <Scrolls label={words.mounts}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{words.mount.source}</th>
            <th scope="col">{words.mount.target}</th>
            <th scope="col">{words.mount.kind}</th>
            <th scope="col">{words.mount.access}</th>
          </tr>
        </thead>
        <tbody>
          {mounts.map((mount) => (
            <tr key={`${mount.source} ${mount.target}`}>
              <th scope="row">
                <Outside text={mount.source} most={100} code />
              </th>
              <td>
                <Outside text={mount.target} most={100} code />
              </td>
              <td>
                <Outside text={mount.kind} most={20} />
              </td>
              <td>{mount.read_only ? words.readOnly : words.readWrite}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
