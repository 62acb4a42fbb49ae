/** The audit log: what was done and refused, and whether its chain holds. */
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { listAt } from "../../api/lists";
import type { Schema } from "../../api/types";
import { Empty } from "../../components/Empty";
import { momentColumn, textColumn } from "../../components/list/cells";
import type { Column } from "../../components/list/columns";
import { ResourceList } from "../../components/list/ResourceList";
import { Outside } from "../../components/Outside";
import { count } from "../../domain/format";
import type { ListFilter } from "../../domain/listQuery";
import { texts } from "../../texts";
import { AuditDetail } from "./AuditDetail";
import { VerifyAudit } from "./VerifyAudit";

const SOURCE = listAt("/api/v1/audit", (page) => page.entries);

type Entry = Schema<"AuditEntry">;

function columns(): Column<Entry>[] {
  const words = texts.access.audit;
  return [
    momentColumn("at", words.at, (row) => row.at),
    textColumn("actor", words.actor, (row) => row.actor.name ?? row.actor.id),
    { id: "operation", header: words.operation, isName: true, cell: Operation, text: (row) => row.operation },
    textColumn("target", words.target, (row) => (row.target ? `${row.target.kind} ${row.target.id}` : undefined), {
      minWidth: 200,
    }),
    {
      id: "outcome",
      header: words.outcome,
      cell: (row) => (
        <StatusIndicator type={row.outcome === "done" ? "success" : "error"}>
          {words.outcomes[row.outcome] ?? row.outcome}
        </StatusIndicator>
      ),
      text: (row) => row.outcome,
    },
    textColumn("from", words.from, (row) => row.origin.address),
    { id: "count", header: words.count, hidden: true, cell: (row) => count(row.count), text: (row) => row.count },
    { id: "seq", header: words.seq, hidden: true, cell: (row) => count(row.seq), text: (row) => row.seq },
  ];
}

function Operation(row: Entry) {
  return <Shown entry={row} />;
}

/** The name of what was done, which shows the whole entry. */
function Shown({ entry }: { entry: Entry }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant="inline-link" onClick={() => setOpen(true)}>
        <Outside text={entry.operation.replaceAll("_", " ")} most={60} />
      </Button>
      {isOpen && (
        <Modal
          visible
          size="large"
          header={texts.access.audit.details(count(entry.seq))}
          onDismiss={() => setOpen(false)}
        >
          <AuditDetail entry={entry} />
        </Modal>
      )}
    </>
  );
}

function filters(): ListFilter[] {
  const words = texts.access.audit;
  return [
    { key: "actor", label: words.actorId, kind: "text" },
    { key: "operation", label: words.operation, kind: "text" },
    { key: "target_kind", label: words.targetKind, kind: "text" },
    { key: "target", label: words.targetId, kind: "text" },
    {
      key: "outcome",
      label: words.outcome,
      kind: "words",
      words: Object.entries(words.outcomes).map(([word, label]) => ({ word, label })),
    },
    { key: "since", label: words.since, kind: "text" },
    { key: "until", label: words.until, kind: "text" },
  ];
}

const COLUMNS = columns();
const FILTERS = filters();

export function AuditList() {
  const words = texts.access.audit;
  return (
    <ResourceList
      isPart
      id="audit"
      title={words.title}
      description={words.about}
      source={SOURCE}
      columns={COLUMNS}
      filters={FILTERS}
      placeholder={words.filter}
      rowKey={(row) => String(row.seq)}
      actions={<VerifyAudit />}
      empty={<Empty title={words.empty} />}
    />
  );
}
