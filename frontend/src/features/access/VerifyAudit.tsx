/** Checks that the audit log is whole. */
import Button from "@cloudscape-design/components/button";
import { useMutation } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { notify } from "../../components/notices";
import { sayOf } from "../../components/Problem";
import { count } from "../../domain/format";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";

const NOTICE = "audit-chain";

/** Looks at the log part by part; the server looks at so many entries at a time. */
async function check(): Promise<void> {
  const words = texts.access.audit;
  let entries = 0;
  let last: string | undefined;
  let cursor: string | undefined;
  do {
    const part = await answered(
      api.GET("/api/v1/audit/verification", { params: { query: cursor === undefined ? {} : { cursor } } }),
    );
    entries += part.entries;
    last = part.last_hash ?? last;
    if (part.broken) {
      const { seq, reason } = part.broken;
      notify({ id: NOTICE, type: "error", content: words.broken(count(seq), visible(reason)) });
      return;
    }
    cursor = part.next ?? undefined;
    notify({ id: NOTICE, type: "in-progress", content: words.checking(count(entries)) });
  } while (cursor !== undefined);
  notify({
    id: NOTICE,
    // Stays until somebody has taken the hash.
    type: "info",
    content: last === undefined ? words.none : words.whole(count(entries), last),
  });
}

export function VerifyAudit() {
  const verify = useMutation({
    mutationFn: check,
    onError: (error) => {
      const said = sayOf(error);
      notify({ id: NOTICE, type: "error", header: said.title, content: said.detail ?? said.hint ?? "" });
    },
  });
  return (
    <Button loading={verify.isPending} onClick={() => verify.mutate()}>
      {texts.access.audit.verify}
    </Button>
  );
}
