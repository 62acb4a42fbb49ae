/** The overview: what is vulnerable, what first, and whether what is known can be relied upon. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import type { Schema } from "../../api/types";
import { Command } from "../../components/Copy";
import { Loading } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import { AgentsCard, AlertsCard, RegistriesCard } from "./attention";
import { ChangesCard } from "./changes";
import { CoverageCard } from "./coverage";
import { FeedsCard } from "./feeds";
import * as ask from "./questions";
import { Distribution, First } from "./risk";

// What is drawn is not waited for: the numbers come first.
const TrendCard = lazy(async () => ({ default: (await import("./trend")).TrendCard }));
const ResourcesCard = lazy(async () => ({ default: (await import("./resources")).ResourcesCard }));

export function OverviewPage() {
  const may = useMay();
  const words = texts.overview;
  const seesRisk = may("vulnerabilities.read");
  const seesHosts = may("hosts.read");
  return (
    <Page title={words.title} description={words.lead}>
      {seesRisk && <Tiles seesHosts={seesHosts} />}
      {seesRisk && seesHosts && <Start />}
      <div className="two">
        {seesRisk && <First />}
        <div className="stack">
          {seesRisk && <ChangesCard />}
          {seesRisk && <Distribution />}
          {seesRisk && <CoverageCard seesHosts={seesHosts} seesAgents={may("agents.read")} />}
        </div>
      </div>
      {seesRisk && (
        <Suspense fallback={<Loading />}>
          <TrendCard />
        </Suspense>
      )}
      <div className="cards">
        {seesRisk && (
          <Suspense fallback={<Loading />}>
            <ResourcesCard seesHosts={seesHosts} />
          </Suspense>
        )}
        <div className="stack">
          {may("feeds.read") && <FeedsCard />}
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
  hint: ReactNode;
  href: string;
  value: number | undefined;
  failed: boolean;
  isBad?: boolean;
}

/** A number that leads to what it counts. */
function Tile({ label, hint, href, value, failed, isBad = false }: TileProps): ReactNode {
  const text = value === undefined ? (failed ? "?" : "…") : count(value);
  return (
    <Container>
      <div className={isBad && (value ?? 0) > 0 ? "tile tile-bad" : "tile"}>
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

/** The places that the network reaches. */
function ReachablePlaces({ seesHosts }: { seesHosts: boolean }) {
  const words = texts.overview.tiles;
  return (
    <>
      {words.reachableHint}{" "}
      {seesHosts && (
        <>
          <To href="/hosts?exposed=true" ariaLabel={words.reachableHosts} variant="primary">
            {words.hosts}
          </To>
          {", "}
        </>
      )}
      <To href="/images?exposed=true" ariaLabel={words.reachableImages} variant="primary">
        {words.images}
      </To>
    </>
  );
}

function Tiles({ seesHosts }: { seesHosts: boolean }) {
  const words = texts.overview.tiles;
  const query = useQuery({ ...ask.posture, select: ({ posture }) => posture });
  const tile = (pick: (posture: Schema<"Posture">) => number | undefined) => ({
    value: query.data === undefined ? undefined : (pick(query.data) ?? 0),
    failed: query.isError,
  });
  return (
    <div className="tiles">
      <Tile
        isBad
        label={words.exploited}
        hint={words.exploitedHint}
        href="/vulnerabilities?known_exploited=true"
        {...tile(({ known_exploited }) => known_exploited)}
      />
      <Tile
        isBad
        label={words.reachable}
        hint={<ReachablePlaces seesHosts={seesHosts} />}
        href="/vulnerabilities?known_exploited=true&exposed=true"
        {...tile(({ exploited_exposed }) => exploited_exposed)}
      />
      <Tile
        label={words.critical}
        hint={words.criticalHint}
        href="/vulnerabilities?severity=critical"
        {...tile(({ vulnerabilities }) => vulnerabilities?.critical)}
      />
      {seesHosts && (
        <Tile label={words.hosts} hint={words.hostsHint} href="/hosts" {...tile(({ hosts }) => hosts?.total)} />
      )}
      <Tile label={words.images} hint={words.imagesHint} href="/images" {...tile(({ images }) => images?.total)} />
      <Tile
        label={words.running}
        hint={words.runningHint}
        href="/containers?running=true"
        {...tile(({ running_containers }) => running_containers)}
      />
    </div>
  );
}

/** What a new site does first. */
function Start() {
  const { data } = useQuery(ask.posture);
  const words = texts.overview.start;
  if (data === undefined || data.posture.hosts?.total !== 0 || data.posture.images?.total !== 0) {
    return null;
  }
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <div className="stack">
        <div>{words.hint}</div>
        <Command text={words.host} />
        <Command text={words.image} />
      </div>
    </Container>
  );
}
