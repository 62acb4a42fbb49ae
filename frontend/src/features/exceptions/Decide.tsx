/** Decides on an exception, with a comment. */
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Tagged, tagged } from "../../api/changes";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { LinesField } from "../../components/forms/fields";
import { notify } from "../../components/notices";
import { texts } from "../../texts";

/** Longest comment, in characters. */
const MOST = 1024;

interface DecideProps {
  act: "approve" | "reject" | "revoke";
  state: Tagged<Schema<"ExceptionDetail">>;
  onSaved: (state: Tagged<Schema<"ExceptionDetail">>) => void;
  onReload: () => void;
}

export function Decide({ act, state, onSaved, onReload }: DecideProps) {
  const words = texts.exceptions;
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const [comment, setComment] = useState("");
  const { id, exception } = state.data;
  const run = useMutation({
    mutationFn: () => {
      const asked = {
        params: { path: { id }, header: state.etag === "" ? {} : { "if-match": state.etag } },
        body: comment.trim() === "" ? {} : { comment: comment.trim() },
      };
      switch (act) {
        case "approve":
          return tagged(api.POST("/api/v1/exceptions/{id}/approve", asked));
        case "reject":
          return tagged(api.POST("/api/v1/exceptions/{id}/reject", asked));
        case "revoke":
          return tagged(api.POST("/api/v1/exceptions/{id}/revoke", asked));
      }
    },
    onSuccess: async (now) => {
      setAsking(false);
      onSaved(now);
      notify({
        type: "success",
        content: { approve: words.approved, reject: words.rejected, revoke: words.revoked }[act],
      });
      await client.invalidateQueries({ queryKey: ["list", "/api/v1/exceptions"] });
    },
  });
  const body = { approve: words.approveBody, reject: words.rejectBody, revoke: words.revokeBody }[act];
  return (
    <>
      <Button
        variant={act === "approve" ? "primary" : "normal"}
        onClick={() => {
          run.reset();
          setAsking(true);
        }}
      >
        {words[act]}
      </Button>
      {isAsking && (
        <ConfirmDialog
          title={words.decideTitle(words[act], exception.vulnerability)}
          confirm={words[act]}
          isBusy={run.isPending}
          error={run.error}
          onConfirm={() => run.mutate()}
          onCancel={() => setAsking(false)}
          onReload={() => {
            setAsking(false);
            onReload();
          }}
        >
          <SpaceBetween size="m">
            <div>{body}</div>
            <LinesField
              label={words.comment}
              hint={words.commentHint}
              value={comment}
              onChange={(text) => setComment(text.slice(0, MOST))}
              isOptional
              isText
            />
          </SpaceBetween>
        </ConfirmDialog>
      )}
    </>
  );
}
