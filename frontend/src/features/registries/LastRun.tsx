/** The last look at a registry, and what went wrong. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { count } from "../../domain/format";
import { texts } from "../../texts";
import { scheduleText } from "./RegistriesPage";
import { RegistryState } from "./RegistryState";

export function LastRun({ registry }: { registry: Schema<"RegistryDetail"> }) {
  const words = texts.registries;
  const run = registry.last_run;
  if (!run) {
    return (
      <Container>
        <Empty title={words.noRun}>{words.noRunHint}</Empty>
      </Container>
    );
  }
  const problems = run.problems ?? [];
  const notes = run.notes ?? [];
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{words.lastRun}</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: words.state, value: <RegistryState registry={registry} /> },
            { label: words.started, value: <Moment at={run.started_at} /> },
            { label: words.ended, value: <Moment at={run.updated_at} /> },
            { label: words.schedule, value: scheduleText(registry) },
            {
              label: words.repositories,
              value: words.doneOf(count(run.repositories_done ?? 0), count(run.repositories ?? 0)),
            },
            { label: words.tags, value: count(run.tags ?? 0) },
            { label: words.queued, value: count(run.queued ?? 0) },
          ]}
        />
      </Container>
      {problems.length > 0 && (
        <Alert type="error" header={words.wentWrong}>
          <ul className="plain-list">
            {problems.map((problem) => (
              <li key={problem}>
                <Outside text={problem} most={600} />
              </li>
            ))}
          </ul>
        </Alert>
      )}
      {notes.length > 0 && (
        <Alert type="info" header={words.notes}>
          <ul className="plain-list">
            {notes.map((note) => (
              <li key={note}>
                <Outside text={note} most={600} />
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </SpaceBetween>
  );
}
