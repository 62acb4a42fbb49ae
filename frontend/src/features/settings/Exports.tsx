/** Takes the records of a kind away, as they are stored. */
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { everyRow, listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Command } from "../../components/Copy";
import { save } from "../../components/list/Export";
import { dismiss, notify } from "../../components/notices";
import { sayOf } from "../../components/Problem";
import { count } from "../../domain/format";
import { texts } from "../../texts";

type Noun = Schema<"ExportNoun">;

const NOUNS = [
  "agents",
  "alerts",
  "api-keys",
  "audit",
  "collections",
  "enrolment-tokens",
  "hosts",
  "identity-providers",
  "image-requests",
  "images",
  "layers",
  "notification-channels",
  "places",
  "policies",
  "registries",
  "roles",
  "scans",
  "settings",
  "snapshots",
  "trusted-builds",
  "users",
] as const satisfies readonly Noun[];
/** How many records until the notice is renewed. */
const STEP = 500;

async function take(noun: Noun): Promise<void> {
  const words = texts.settings.exports;
  const stop = new AbortController();
  const id = `export-records-${noun}`;
  const source = listAt("/api/v1/exports/{noun}", (page) => page.records, { noun });
  const parts: string[] = [];
  const tell = (): void => {
    notify({
      id,
      type: "in-progress",
      content: words.taking(noun, count(parts.length)),
      action: <Button onClick={() => stop.abort()}>{texts.common.list.stop}</Button>,
    });
  };
  tell();
  try {
    for await (const { line } of everyRow(source, {}, stop.signal)) {
      parts.push(`${line}\n`);
      if (parts.length % STEP === 0) {
        tell();
      }
    }
  } catch (error) {
    if (stop.signal.aborted) {
      dismiss(id);
      return;
    }
    // What is not whole is not handed over as if it were.
    const said = sayOf(error);
    const content = [said.title, said.detail, said.hint].filter((text) => text !== undefined).join(" ");
    notify({ id, type: "error", header: words.failed(noun), content });
    return;
  }
  save(new Blob(parts, { type: "application/x-ndjson" }), `${noun}-${new Date().toISOString().slice(0, 10)}.ndjson`);
  notify({ id, type: "success", content: words.taken(noun, count(parts.length)) });
}

export function Exports() {
  const words = texts.settings.exports;
  return (
    <SpaceBetween size="l">
      <Table
        variant="container"
        items={NOUNS.map((noun) => ({ noun }))}
        trackBy="noun"
        ariaLabels={{ tableLabel: words.title }}
        header={
          <Header variant="h2" description={words.description}>
            {words.title}
          </Header>
        }
        columnDefinitions={[
          { id: "noun", header: words.kind, isRowHeader: true, cell: ({ noun }) => noun.replaceAll("-", " ") },
          { id: "take", header: texts.forms.actions, cell: ({ noun }) => <Take noun={noun} /> },
        ]}
      />
      <div>
        <p>{words.whole}</p>
        <Command text={words.command} />
      </div>
    </SpaceBetween>
  );
}

function Take({ noun }: { noun: Noun }) {
  const words = texts.settings.exports;
  const [isBusy, setBusy] = useState(false);
  return (
    <Button
      variant="inline-link"
      loading={isBusy}
      ariaLabel={`${words.take}: ${noun}`}
      onClick={() => {
        setBusy(true);
        void take(noun).finally(() => setBusy(false));
      }}
    >
      {words.take}
    </Button>
  );
}
