/** One host: how it stands, what was found on it, what it is made of, and what listens on it. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useParams } from "react-router";
import { answered } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { Go } from "../../components/forms/Go";
import { Labels } from "../../components/Labels";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { PageTabs } from "../../components/PageTabs";
import { CoverageDetail } from "../../components/place/CoverageDetail";
import { FindingsList } from "../../components/place/FindingsList";
import { PackagesList } from "../../components/place/PackagesList";
import { Standing } from "../../components/place/Standing";
import { texts } from "../../texts";
import { Listening, Updates } from "./facts";

export function HostPage() {
  const { id = "" } = useParams();
  const found = useQuery({
    queryKey: ["host", id],
    queryFn: ({ signal }) => answered(api.GET("/api/v1/hosts/{id}", { params: { path: { id } }, signal })),
  });
  const name = found.data?.host.name ?? id;
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={80} />}
      above={[{ text: texts.hosts.title, href: "/hosts" }]}
      actions={<Go href={`/containers?host=${encodeURIComponent(id)}`}>{texts.containers.title}</Go>}
      description={found.data?.os?.pretty_name ? <Outside text={found.data.os.pretty_name} most={120} /> : undefined}
    >
      <Loaded query={found}>{(detail) => <Detail detail={detail} />}</Loaded>
    </Page>
  );
}

function Detail({ detail }: { detail: Schema<"HostDetail"> }) {
  const words = texts.hosts.detail;
  const { host, os, standing } = detail;
  const findings = useMemo(
    () => listAt("/api/v1/hosts/{id}/findings", (page) => page.findings, { id: host.id }),
    [host.id],
  );
  const packages = useMemo(
    () => listAt("/api/v1/hosts/{id}/packages", (page) => page.packages, { id: host.id }),
    [host.id],
  );
  const updates = os?.windows;
  return (
    <>
      {standing ? (
        <Standing standing={standing} />
      ) : (
        <Alert type="info" header={words.notJudged}>
          {words.notJudgedHint}
        </Alert>
      )}
      <Facts detail={detail} />
      <PageTabs
        label={host.name}
        tabs={[
          {
            id: "findings",
            label: words.tabs.findings,
            content: <FindingsList place={`host/${host.id}`} source={findings} />,
          },
          {
            id: "packages",
            label: words.tabs.packages,
            content: <PackagesList id="host-packages" source={packages} />,
          },
          { id: "network", label: words.tabs.network, content: <Listening host={host} /> },
          ...(updates ? [{ id: "updates", label: words.tabs.updates, content: <Updates windows={updates} /> }] : []),
          { id: "coverage", label: words.tabs.coverage, content: <CoverageDetail source={findings} /> },
        ]}
      />
    </>
  );
}

function Facts({ detail }: { detail: Schema<"HostDetail"> }) {
  const words = texts.hosts.detail;
  const { host, os } = detail;
  const windows = os?.windows;
  const addresses = host.addresses ?? [];
  const engines = host.engines ?? [];
  return (
    <Container header={<Header variant="h2">{texts.hosts.columns.name}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: words.observed, value: <Moment at={detail.observed_at} /> },
          { label: words.booted, value: <Moment at={host.booted_at} otherwise={texts.common.unknown} /> },
          windows
            ? {
                label: words.build,
                value: <Outside text={os?.version_id ?? `${windows.build}.${windows.ubr ?? "?"}`} code />,
              }
            : {
                label: words.kernel,
                value: host.kernel ? <Outside text={host.kernel} most={80} code /> : texts.common.unknown,
              },
          windows?.edition
            ? { label: words.edition, value: <Outside text={windows.edition} most={60} /> }
            : {
                label: words.os,
                value: <Outside text={[os?.id, os?.version_id].filter(Boolean).join(" ") || texts.common.unknown} />,
              },
          {
            label: words.addresses,
            value:
              addresses.length === 0 ? texts.common.unknown : <Outside text={addresses.join(", ")} most={160} code />,
          },
          {
            label: words.engines,
            value:
              engines.length === 0
                ? texts.common.none
                : engines.map((engine) => (
                    <div key={engine.address}>
                      <Outside text={`${engine.kind} ${engine.version}`} most={60} />
                    </div>
                  )),
          },
          { label: words.labels, value: <Labels labels={host.labels ?? {}} /> },
          { label: words.id, value: <Copyable text={host.id} /> },
        ]}
      />
    </Container>
  );
}
