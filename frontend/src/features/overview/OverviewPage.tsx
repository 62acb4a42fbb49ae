/** The overview: what is vulnerable, what first, and whether what is known can be relied upon. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Command } from "../../components/Copy";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import { AgentsCard, AlertsCard, RegistriesCard } from "./attention";
import { CoverageCard } from "./coverage";
import { FeedsCard } from "./feeds";
import * as ask from "./questions";
import { Distribution, First } from "./risk";

export function OverviewPage() {
  const may = useMay();
  const words = texts.overview;
  const seesRisk = may("vulnerabilities.read");
  const seesHosts = may("hosts.read");
  return (
    <Page title={words.title} description={words.lead}>
      <div className="tiles">
        {seesRisk && <ExploitedTile />}
        {seesRisk && <CriticalTile />}
        {seesHosts && <HostsTile />}
        {seesRisk && <ImagesTile />}
      </div>
      {seesRisk && seesHosts && <Start />}
      <div className="two">
        {seesRisk && <First />}
        <div className="stack">
          {seesRisk && <Distribution />}
          {(seesRisk || seesHosts) && <CoverageCard seesHosts={seesHosts} seesImages={seesRisk} />}
        </div>
      </div>
      <div className="cards">
        {may("feeds.read") && <FeedsCard />}
        <div className="stack">
          {may("agents.read") && <AgentsCard />}
          {may("registries.read") && <RegistriesCard />}
          {may("alerts.read") && <AlertsCard />}
        </div>
      </div>
    </Page>
  );
}

interface TileProps {
  label: string;
  hint: string;
  href: string;
  query: UseQueryResult<number>;
  isBad?: boolean;
}

/** A number that leads to what it counts. */
function Tile({ label, hint, href, query, isBad = false }: TileProps): ReactNode {
  const text = query.data === undefined ? (query.isError ? "?" : "…") : count(query.data);
  return (
    <Container>
      <div className={isBad && (query.data ?? 0) > 0 ? "tile tile-bad" : "tile"}>
        <div className="tile-label">{label}</div>
        <div className="tile-number">
          <To href={href} fontSize="heading-xl" ariaLabel={`${label}: ${text}`}>
            {text}
          </To>
        </div>
        <div className="quiet">{hint}</div>
      </div>
    </Container>
  );
}

function ExploitedTile() {
  const words = texts.overview.tiles;
  const query = useQuery({ ...ask.exploited, select: ({ total }) => total });
  return (
    <Tile
      isBad
      label={words.exploited}
      hint={words.exploitedHint}
      href="/vulnerabilities?known_exploited=true"
      query={query}
    />
  );
}

function CriticalTile() {
  const words = texts.overview.tiles;
  const query = useQuery({ ...ask.severityCounts, select: ({ critical }) => critical });
  return (
    <Tile label={words.critical} hint={words.criticalHint} href="/vulnerabilities?severity=critical" query={query} />
  );
}

function HostsTile() {
  const words = texts.overview.tiles;
  const query = useQuery({ ...ask.hosts, select: ({ total }) => total });
  return <Tile label={words.hosts} hint={words.hostsHint} href="/hosts" query={query} />;
}

function ImagesTile() {
  const words = texts.overview.tiles;
  const query = useQuery({ ...ask.images, select: ({ total }) => total });
  return <Tile label={words.images} hint={words.imagesHint} href="/images" query={query} />;
}

/** What a new site does first. */
function Start() {
  const hosts = useQuery(ask.hosts);
  const images = useQuery(ask.images);
  const words = texts.overview.start;
  if (hosts.data?.total !== 0 || images.data?.total !== 0) {
    return null;
  }
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <Loaded query={hosts}>
        {() => (
          <div className="stack">
            <div>{words.hint}</div>
            <Command text={words.host} />
            <Command text={words.image} />
          </div>
        )}
      </Loaded>
    </Container>
  );
}
