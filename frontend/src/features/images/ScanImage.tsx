/** Has an image read where its registry keeps it, and says what became of it. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Loaded } from "../../components/Loaded";
import { Outside } from "../../components/Outside";
import { ProblemAlert } from "../../components/Problem";
import { To } from "../../components/To";
import { texts } from "../../texts";

/** How often it is asked how far it is, in milliseconds. */
const ASKS_AGAIN_MS = 2000;

export function ScanImage({ list, onClose }: { list: string; onClose: () => void }) {
  const words = texts.images.scan;
  const [reference, setReference] = useState("");
  const [platform, setPlatform] = useState("");
  const scan = useMutation({
    mutationFn: () =>
      answered(
        api.POST("/api/v1/images", {
          body: { reference: reference.trim(), ...(platform.trim() === "" ? {} : { platform: platform.trim() }) },
        }),
      ),
  });
  const submit = (event?: FormEvent): void => {
    event?.preventDefault();
    if (reference.trim() !== "") {
      scan.mutate();
    }
  };
  return (
    <Modal
      visible
      header={words.title}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {scan.data === undefined ? texts.common.cancel : texts.common.close}
            </Button>
            {scan.data === undefined && (
              <Button
                variant="primary"
                loading={scan.isPending}
                disabled={reference.trim() === ""}
                onClick={() => submit()}
              >
                {words.submit}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      {scan.data === undefined ? (
        <form onSubmit={submit} noValidate>
          <SpaceBetween size="l">
            {scan.isError && <ProblemAlert error={scan.error} />}
            <FormField label={words.reference} description={words.referenceHint}>
              <Input
                value={reference}
                onChange={({ detail }) => setReference(detail.value)}
                autoFocus
                spellcheck={false}
              />
            </FormField>
            <FormField label={words.platform} description={words.platformHint}>
              <Input value={platform} onChange={({ detail }) => setPlatform(detail.value)} spellcheck={false} />
            </FormField>
          </SpaceBetween>
        </form>
      ) : (
        <Progress id={scan.data.id} list={list} />
      )}
    </Modal>
  );
}

function isOver(request: Schema<"ImageRequest"> | undefined): boolean {
  return request?.state === "done" || request?.state === "failed";
}

function Progress({ id, list }: { id: string; list: string }) {
  const words = texts.images.scan;
  const client = useQueryClient();
  const request = useQuery({
    queryKey: ["image-request", id],
    queryFn: ({ signal }) => answered(api.GET("/api/v1/images/requests/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (query) => (isOver(query.state.data) ? false : ASKS_AGAIN_MS),
  });
  const over = isOver(request.data);
  useEffect(() => {
    if (over) {
      void client.invalidateQueries({ queryKey: ["list", list] });
    }
  }, [over, client, list]);
  return (
    <Loaded query={request}>
      {({ state, reference, image, reason }) => (
        <SpaceBetween size="s">
          <Outside text={reference} most={120} code />
          {state === "failed" ? (
            <StatusIndicator type="error">{words.failed}</StatusIndicator>
          ) : state === "done" ? (
            <StatusIndicator type="success">{words.done}</StatusIndicator>
          ) : (
            <StatusIndicator type="in-progress">{words.queued}</StatusIndicator>
          )}
          {reason ? <Outside text={reason} most={600} /> : null}
          {state === "done" && image ? <To href={`/images/${encodeURIComponent(image)}`}>{words.open}</To> : null}
        </SpaceBetween>
      )}
    </Loaded>
  );
}
