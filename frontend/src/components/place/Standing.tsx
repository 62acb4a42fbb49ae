/** How a host or an image stands: score, counts, exposure, coverage. */
import Container from "@cloudscape-design/components/container";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import type { Schema } from "../../api/types";
import { factorsOfPlace } from "../../domain/factors";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import { CoverageStatus } from "../Coverage";
import { Factors } from "../Factors";
import { Outside } from "../Outside";
import { ScoreBar, SeverityCounts } from "../Severity";

export function Standing({ standing }: { standing: Schema<"PlaceStanding"> }) {
  const words = texts.hosts.columns;
  const { facts, counts } = standing;
  return (
    <Container>
      <KeyValuePairs
        columns={4}
        items={[
          { label: words.score, value: <ScoreBar score={standing.top_score} /> },
          { label: words.counts, value: <SeverityCounts counts={counts} /> },
          { label: texts.common.chips.knownExploited, value: count(counts.known_exploited) },
          { label: words.fixable, value: count(counts.fixable) },
          { label: words.coverage, value: <CoverageStatus status={standing.coverage} /> },
          { label: words.packages, value: count(standing.packages) },
          {
            label: words.exposure,
            value: (
              <>
                {texts.common.exposure[facts.exposure ?? "unknown"] ?? texts.common.unknown}
                {facts.exposure_reason ? (
                  <div className="quiet">
                    <Outside text={facts.exposure_reason} most={160} />
                  </div>
                ) : null}
              </>
            ),
          },
          { label: texts.vulnerabilities.columns.facts, value: <Factors factors={factorsOfPlace(facts)} /> },
        ]}
      />
    </Container>
  );
}
