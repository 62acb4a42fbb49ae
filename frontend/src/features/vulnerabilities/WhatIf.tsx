/** What would be if facts were others: both scores, and what makes them differ. Nothing is changed by asking. */
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Due } from "../../components/Deadline";
import { ChoiceField } from "../../components/forms/fields";
import { Loaded } from "../../components/Loaded";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { ScoreBar } from "../../components/Severity";
import { score as written } from "../../domain/format";
import { partChanges } from "../../domain/score";
import { asked, CHANGE_NAMES, CHANGES, type Change, type Changed } from "../../domain/whatIf";
import { texts } from "../../texts";

interface WhatIfProps {
  vulnerability: string;
  place: string;
}

export function WhatIf({ vulnerability, place }: WhatIfProps) {
  const words = texts.vulnerabilities.whatIf;
  const [isOpen, setOpen] = useState(false);
  return (
    <ExpandableSection
      variant="container"
      headerText={words.title}
      headerDescription={words.hint}
      expanded={isOpen}
      onChange={({ detail }) => setOpen(detail.expanded)}
    >
      {isOpen && <Facts vulnerability={vulnerability} place={place} />}
    </ExpandableSection>
  );
}

function Facts({ vulnerability, place }: WhatIfProps) {
  const words = texts.vulnerabilities.whatIf;
  const [changed, setChanged] = useState<Changed>({});
  const query = asked(changed);
  const found = useQuery({
    queryKey: ["what-if", vulnerability, place, query],
    queryFn: ({ signal }) =>
      answered(
        api.GET("/api/v1/vulnerabilities/{id}/what-if", {
          params: { path: { id: vulnerability }, query: { place, ...query } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <div className="stack">
      <div className="facts">
        {CHANGE_NAMES.map((name) => (
          <ChoiceField
            key={name}
            label={words.facts[name]}
            value={changed[name] ?? ""}
            onChange={(value) => setChanged((was) => ({ ...was, [name]: value }))}
            options={CHANGES[name].map((value) => ({ value, label: value === "" ? words.stays : wordOf(name, value) }))}
          />
        ))}
      </div>
      {Object.keys(query).length > 0 && (
        <div>
          <Button onClick={() => setChanged({})}>{words.reset}</Button>
        </div>
      )}
      <Loaded query={found}>{(answer) => <Answer answer={answer} />}</Loaded>
    </div>
  );
}

function wordOf(name: Change, value: string): string {
  const words = texts.vulnerabilities;
  switch (name) {
    case "exposure":
      return texts.common.exposure[value] ?? value;
    case "exploitation":
      return words.detail.exploitations[value] ?? value;
    case "technical_impact":
      return words.detail.impacts[value] ?? value;
    case "running_containers":
      return value;
    default:
      return texts.common.answer[value === "yes" || value === "true" ? "yes" : "no"] ?? value;
  }
}

function Answer({ answer }: { answer: Schema<"WhatIf"> }) {
  const words = texts.vulnerabilities.whatIf;
  const { before, after } = answer;
  const changes = partChanges(before.score.parts ?? [], after.score.parts ?? []);
  return (
    <div className="stack" data-testid="what-if">
      <div className="halves">
        {(
          [
            [words.before, before],
            [words.after, after],
          ] as const
        ).map(([label, state]) => (
          <div key={label} className="panel">
            <div className="tile-label">{label}</div>
            <div className="figure">{written(state.score.value)}</div>
            <ScoreBar score={state.score.value} />
            <div>
              <Due deadline={state.deadline} />
            </div>
          </div>
        ))}
      </div>
      {changes.length === 0 ? (
        <span className="quiet">{words.same}</span>
      ) : (
        <Scrolls label={words.changes}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{texts.vulnerabilities.detail.part}</th>
                <th scope="col">{words.before}</th>
                <th scope="col">{words.after}</th>
                <th scope="col">{texts.vulnerabilities.detail.reason}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={change.name}>
                  <th scope="row">{texts.vulnerabilities.detail.parts[change.name] ?? change.name}</th>
                  <td>{written(change.before)}</td>
                  <td>
                    <strong>{written(change.after)}</strong>
                  </td>
                  <td>
                    <Outside text={change.reason} most={200} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </div>
  );
}
