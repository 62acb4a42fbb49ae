/** What came and what went since yesterday. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { type Counts, totalOf } from "../../domain/trend";
import { texts } from "../../texts";
import * as ask from "./questions";

export function ChangesCard() {
  const words = texts.overview.changes;
  const query = useQuery(ask.posture);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            query.data && (
              <>
                {words.since} <Moment at={query.data.since.from} plain />
              </>
            )
          }
        >
          {words.title}
        </Header>
      }
    >
      <Loaded query={query}>
        {({ since }) => (
          <div className="halves halves-small">
            <Side
              label={words.came}
              hint={words.cameHint}
              counts={since.new}
              href={`/vulnerabilities?new_since=${encodeURIComponent(since.from)}`}
              tone="new"
            />
            <Side
              label={words.went}
              hint={words.wentHint}
              counts={since.fixed}
              href={`/fixed?since=${encodeURIComponent(since.from)}`}
              tone="fixed"
            />
          </div>
        )}
      </Loaded>
    </Container>
  );
}

interface SideProps {
  label: string;
  hint: string;
  counts: Counts;
  href: string;
  tone: "new" | "fixed";
}

function Side({ label, hint, counts, href, tone }: SideProps) {
  const all = totalOf(counts);
  const text = count(all);
  return (
    <div className={all > 0 ? `tile tile-${tone}` : "tile"}>
      <div className="tile-label">{label}</div>
      <div className="tile-number">
        <To href={href} fontSize="heading-xl" ariaLabel={`${label}: ${text}`}>
          {text}
        </To>
      </div>
      <div className="quiet">{hint}</div>
      {all > 0 && <SeverityCounts counts={counts} />}
    </div>
  );
}
