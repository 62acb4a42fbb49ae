/** How far what there is was read. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { Loaded } from "../../components/Loaded";
import { count } from "../../domain/format";
import { type Read, readOf } from "../../domain/overview";
import { texts } from "../../texts";
import * as ask from "./questions";

const KINDS = ["complete", "partial", "unsupported"] as const;

export function CoverageCard({ seesHosts, seesImages }: { seesHosts: boolean; seesImages: boolean }) {
  const words = texts.overview.coverage;
  return (
    <Container
      header={
        <Header variant="h2" description={words.hint}>
          {words.title}
        </Header>
      }
    >
      <div className="stack">
        {seesHosts && <Hosts />}
        {seesImages && <Images />}
      </div>
    </Container>
  );
}

function Hosts() {
  const query = useQuery(ask.hosts);
  return (
    <Loaded query={query}>
      {(page) => <Bar label={texts.overview.coverage.hosts} read={readOf(page.hosts)} total={page.total} />}
    </Loaded>
  );
}

function Images() {
  const query = useQuery(ask.images);
  return (
    <Loaded query={query}>
      {(page) => <Bar label={texts.overview.coverage.images} read={readOf(page.images)} total={page.total} />}
    </Loaded>
  );
}

/** A bar of parts, with what they are in words beneath. */
function Bar({ label, read, total }: { label: string; read: Read; total: number }) {
  const words = texts.overview.coverage;
  const all = read.complete + read.partial + read.unsupported;
  const starts = { complete: 0, partial: read.complete, unsupported: read.complete + read.partial };
  return (
    <div>
      <div className="coverage-head">
        <strong>{label}</strong>
        <span className="quiet">{all < total ? words.ofFirst(count(all), count(total)) : null}</span>
      </div>
      <svg
        className="coverage-bar"
        viewBox={`0 0 ${Math.max(all, 1)} 10`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect className="score-ground" width={Math.max(all, 1)} height="10" />
        {KINDS.map((kind) => (
          <rect key={kind} className={`coverage-${kind}`} x={starts[kind]} width={read[kind]} height="10" />
        ))}
      </svg>
      <div className="coverage-words">
        {all === 0
          ? words.nothing
          : KINDS.filter((kind) => read[kind] > 0).map((kind) => (
              <span key={kind}>
                <span className={`coverage-dot coverage-${kind}`} aria-hidden="true" /> {texts.common.coverage[kind]}{" "}
                {count(read[kind])}
              </span>
            ))}
      </div>
    </div>
  );
}
