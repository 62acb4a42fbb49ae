/** Messages that were given up, and the way to send them again. */
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { all, answered } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Act } from "../../components/forms/Act";
import { CodeBlock } from "../../components/forms/CodeBlock";
import { ChoiceField } from "../../components/forms/fields";
import { actionColumn, momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { useMay } from "../../components/session";
import { count } from "../../domain/format";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

type Letter = Schema<"DeadLetterRow">;

/** The queues, in the order of the way of the data. */
const QUEUES = ["feed", "ingest", "registry", "scan", "score", "notify"] as const;
type Queue = (typeof QUEUES)[number];
/** Most that are sent again at once. */
const MOST = 100;

async function replay(queue: string, ids: string[]): Promise<number> {
  const { replayed } = await answered(api.POST("/api/v1/dead-letters/replay", { body: { queue, ids } }));
  return replayed;
}

/** Sends all of a queue again: read first, since those that fail again come back to the list. */
async function replayAll(queue: string): Promise<number> {
  const ids: string[] = [];
  const rows = all(
    (cursor) =>
      answered(
        api.GET("/api/v1/dead-letters", {
          params: { query: cursor === undefined ? { queue, limit: MOST } : { queue, limit: MOST, cursor } },
        }),
      ),
    (page) => page.dead_letters,
  );
  for await (const row of rows) {
    ids.push(row.id);
  }
  let sent = 0;
  for (let at = 0; at < ids.length; at += MOST) {
    sent += await replay(queue, ids.slice(at, at + MOST));
  }
  return sent;
}

const done = (sent: number) => ({
  type: "success" as const,
  content: texts.settings.deadLetters.replayed(count(sent)),
});

function columns(): Column<Letter>[] {
  const words = texts.settings.deadLetters;
  return [
    textColumn("reason", words.reason, (row) => row.reason, { isName: true, minWidth: 260, most: 200 }),
    momentColumn("died", words.died, (row) => row.died_at),
    {
      id: "received",
      header: words.received,
      cell: (row) => count(row.receive_count),
      text: (row) => row.receive_count,
    },
    momentColumn("sent", words.sent, (row) => row.sent_at, { hidden: true }),
    textColumn("id", words.id, (row) => row.id, { code: true, most: 24 }),
    actionColumn((row) => <Actions row={row} />),
  ];
}

const COLUMNS = columns();

function Actions({ row }: { row: Letter }) {
  const words = texts.settings.deadLetters;
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  return (
    <SpaceBetween direction="horizontal" size="s">
      <Button variant="inline-link" onClick={() => setOpen(true)}>
        {words.body}
      </Button>
      {may("dead_letters.replay") && (
        <Act
          variant="inline-link"
          label={words.replay}
          run={() => replay(row.queue, [row.id])}
          done={done}
          renews={[["list", addressOf(row.queue)]]}
        />
      )}
      {isOpen && (
        <Modal visible size="large" header={words.bodyTitle} onDismiss={() => setOpen(false)}>
          <CodeBlock text={visible(row.body)} label={words.bodyTitle} />
        </Modal>
      )}
    </SpaceBetween>
  );
}

function addressOf(queue: string): string {
  return `/api/v1/dead-letters?queue=${encodeURIComponent(queue)}`;
}

export function DeadLetters() {
  const words = texts.settings.deadLetters;
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const queue: Queue = QUEUES.find((one) => one === params.get("queue")) ?? "scan";
  const source = useMemo(() => {
    const list = listAt("/api/v1/dead-letters", (page) => page.dead_letters);
    return { ...list, address: addressOf(queue) };
  }, [queue]);
  return (
    <SpaceBetween size="m">
      <ChoiceField
        label={words.queue}
        value={queue}
        onChange={(next) => setParams({ tab: "dead-letters", queue: next })}
        options={QUEUES.map((value) => ({ value, label: words.queues[value] }))}
      />
      <ResourceList
        key={queue}
        isPart
        id="dead-letters"
        title={words.title}
        description={words.description}
        source={source}
        columns={COLUMNS}
        rowKey={(row) => row.id}
        actions={
          may("dead_letters.replay") && (
            <Act
              label={words.replayAll}
              run={() => replayAll(queue)}
              confirm={{ title: words.replayAllTitle(queue), body: words.replayAllHint }}
              done={done}
              renews={[["list", source.address]]}
            />
          )
        }
        empty={<Empty title={words.empty}>{words.emptyHint}</Empty>}
      />
    </SpaceBetween>
  );
}
