/** One image: how it stands, what was found in it, its packages, its layers split at the base image, and where it is. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { useMemo } from "react";
import { useParams } from "react-router";
import { listAt } from "../../api/lists";
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
import { count } from "../../domain/format";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";
import { compareAddress, useImage } from "./compare";
import { Holders } from "./Holders";
import { Layers } from "./Layers";

export function ImagePage() {
  const { id = "" } = useParams();
  const found = useImage(id);
  const name = found.data?.image.tags?.[0] ?? shortDigest(id);
  return (
    <Page
      title={name}
      heading={<Outside text={name} most={100} />}
      above={[{ text: texts.images.title, href: "/images" }]}
      actions={<Go href={compareAddress(id)}>{texts.images.compare.actionOf}</Go>}
    >
      <Loaded query={found}>{(detail) => <Detail detail={detail} />}</Loaded>
    </Page>
  );
}

function Detail({ detail }: { detail: Schema<"ImageDetail"> }) {
  const words = texts.images.detail;
  const { image, standing } = detail;
  const id = image.id;
  const findings = useMemo(() => listAt("/api/v1/images/{id}/findings", (page) => page.findings, { id }), [id]);
  const packages = useMemo(() => listAt("/api/v1/images/{id}/packages", (page) => page.packages, { id }), [id]);
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
        label={texts.images.columns.name}
        tabs={[
          {
            id: "findings",
            label: words.tabs.findings,
            content: <FindingsList place={`image/${id}`} source={findings} />,
          },
          {
            id: "packages",
            label: words.tabs.packages,
            content: <PackagesList id="image-packages" source={packages} />,
          },
          { id: "layers", label: words.tabs.layers, content: <Layers detail={detail} /> },
          {
            id: "hosts",
            label: words.tabs.hosts,
            content: <Holders hosts={detail.hosts} names={detail.host_names ?? {}} image={id} />,
          },
          { id: "coverage", label: words.tabs.coverage, content: <CoverageDetail source={findings} /> },
        ]}
      />
    </>
  );
}

/** What it was built on, in words. */
function Base({ base }: { base: Schema<"BaseImage"> | null | undefined }) {
  const words = texts.images.detail;
  if (base === null || base === undefined || base.layers === 0) {
    return <>{words.baseUnknown}</>;
  }
  const layers = count(base.layers);
  const evidence = words.baseEvidence[base.evidence];
  return (
    <>
      {base.name ? (
        <>
          <Outside text={base.name} most={80} />
          {words.baseOf("", layers)}
        </>
      ) : (
        words.baseUnnamed(layers)
      )}
      {evidence !== undefined && <div className="quiet">{evidence}</div>}
    </>
  );
}

function Facts({ detail }: { detail: Schema<"ImageDetail"> }) {
  const words = texts.images.detail;
  const { image } = detail;
  const running = detail.standing?.facts.running_containers;
  const lines = (all: readonly string[] | undefined) =>
    all === undefined || all.length === 0
      ? texts.common.none
      : all.slice(0, 6).map((one) => (
          <div key={one}>
            <Outside text={one} most={120} />
          </div>
        ));
  return (
    <Container header={<Header variant="h2">{texts.images.columns.name}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: words.tags, value: lines(image.tags) },
          {
            label: words.platform,
            value: <Outside text={[image.os, image.architecture, image.os_version].filter(Boolean).join(" ")} />,
          },
          { label: words.base, value: <Base base={image.base} /> },
          { label: words.running, value: typeof running === "number" ? count(running) : texts.common.unknown },
          { label: words.created, value: <Moment at={image.created_at} otherwise={texts.common.unknown} /> },
          { label: words.seen, value: <Moment at={detail.first_seen_at} /> },
          { label: words.user, value: image.user ? <Outside text={image.user} most={60} code /> : words.defaultUser },
          { label: words.ports, value: lines(image.exposed_ports) },
          { label: words.repoDigests, value: lines(image.repo_digests) },
          { label: words.labels, value: <Labels labels={image.labels ?? {}} /> },
          { label: words.digest, value: <Copyable text={image.id} shown={shortDigest(image.id)} /> },
        ]}
      />
    </Container>
  );
}
