/** How far what there is was read. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { Loaded } from "../../components/Loaded";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { type Resources, readOf } from "../../domain/trend";
import { texts } from "../../texts";
import * as ask from "./questions";

const KINDS = ["complete", "partial", "unsupported"] as const;

export function CoverageCard({ seesHosts, seesAgents }: { seesHosts: boolean; seesAgents: boolean }) {
  const words = texts.overview.coverage;
  const query = useQuery({ ...ask.posture, select: ({ posture }) => posture });
  return (
    <Container
      header={
        <Header variant="h2" description={words.hint}>
          {words.title}
        </Header>
      }
    >
      <Loaded query={query}>
        {({ hosts, images }) => (
          <div className="stack">
            {seesHosts && <Bar label={words.hosts} parts={partsOf(hosts, "hosts")} />}
            <Bar label={words.images} parts={partsOf(images, "images")} />
            {seesHosts && seesAgents && <Reports />}
          </div>
        )}
      </Loaded>
    </Container>
  );
}

/** A part of a bar. */
interface Part {
  kind: "complete" | "partial" | "unsupported" | "stale";
  name: string;
  count: number;
  /** The number as it is said, where it is not the whole truth. */
  said?: string;
  /** The list of what it counts. */
  href?: string;
}

function partsOf(resources: Resources | undefined, list: "hosts" | "images"): Part[] {
  const read = readOf(resources ?? {});
  return KINDS.map((kind) => ({
    kind,
    name: texts.common.coverage[kind] ?? kind,
    count: read[kind],
    href: `/${list}?coverage=${kind}`,
  }));
}

/** How many agents are heard of, and how many no longer: what they told is stale. */
function Reports() {
  const words = texts.overview.coverage;
  const query = useQuery(ask.heard);
  return (
    <Loaded query={query}>
      {({ fresh, stale, isCut }) => (
        <Bar
          label={words.reports}
          parts={[
            {
              kind: "complete",
              name: words.fresh,
              count: fresh,
              ...(isCut ? { said: words.staleAtLeast(count(fresh)) } : {}),
            },
            {
              kind: "stale",
              name: words.stale,
              count: stale,
              ...(isCut ? { said: words.staleAtLeast(count(stale)) } : {}),
              href: "/agents",
            },
          ]}
        />
      )}
    </Loaded>
  );
}

/** A bar of parts, with what they are in words beneath. */
function Bar({ label, parts }: { label: string; parts: readonly Part[] }) {
  const words = texts.overview.coverage;
  const all = parts.reduce((sum, part) => sum + part.count, 0);
  const starts = parts.map((_, index) => parts.slice(0, index).reduce((sum, part) => sum + part.count, 0));
  return (
    <div>
      <div className="coverage-head">
        <strong>{label}</strong>
        <span className="quiet">{count(all)}</span>
      </div>
      <svg
        className="coverage-bar"
        viewBox={`0 0 ${Math.max(all, 1)} 10`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect className="score-ground" width={Math.max(all, 1)} height="10" />
        {parts.map((part, index) => (
          <rect key={part.kind} className={`coverage-${part.kind}`} x={starts[index]} width={part.count} height="10" />
        ))}
      </svg>
      <div className="coverage-words">
        {all === 0
          ? words.nothing
          : parts
              .filter((part) => part.count > 0)
              .map((part) => {
                const text = `${part.name} ${part.said ?? count(part.count)}`;
                return (
                  <span key={part.kind}>
                    <span className={`coverage-dot coverage-${part.kind}`} aria-hidden="true" />{" "}
                    {part.href === undefined ? text : <To href={part.href}>{text}</To>}
                  </span>
                );
              })}
      </div>
    </div>
  );
}
