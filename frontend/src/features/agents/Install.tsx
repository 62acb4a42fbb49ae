/** How an agent comes to a host: a token for some hosts, and the commands that enrol one. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Keys } from "../../api/changes";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { CodeBlock } from "../../components/forms/CodeBlock";
import { EditForm } from "../../components/forms/EditForm";
import { isWhole, LinesField, linesOf, NumberField, TextField } from "../../components/forms/fields";
import { useMay } from "../../components/session";
import { enrolCommands, isOpenLine, SYSTEMS, type System, WINDOWS_SERVICE } from "../../domain/install";
import { texts } from "../../texts";

const HOUR_S = 3600;
const MOST_HOURS = 8760;
const MOST_USES = 100_000;

export function Install() {
  const words = texts.agents.installing;
  const may = useMay();
  const [system, setSystem] = useState<System>("linux");
  const [token, setToken] = useState<string>();
  const canMake = may("enrolment_tokens.manage");
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      <SpaceBetween size="l">
        <SegmentedControl
          label={words.system}
          selectedId={system}
          options={SYSTEMS.map((id) => ({ id, text: words.systems[id] }))}
          onChange={({ detail }) => {
            const found = SYSTEMS.find((one) => one === detail.selectedId);
            if (found !== undefined) {
              setSystem(found);
            }
          }}
        />
        {isOpenLine(location.origin) && <Alert type="warning">{words.open}</Alert>}
        {canMake && token === undefined ? (
          <NewToken onMade={setToken} />
        ) : (
          <Commands system={system} token={token} onAnother={() => setToken(undefined)} />
        )}
      </SpaceBetween>
    </Container>
  );
}

function NewToken({ onMade }: { onMade: (token: string) => void }) {
  const words = texts.agents.installing;
  const client = useQueryClient();
  const keys = useRef(new Keys());
  const [uses, setUses] = useState("1");
  const [hours, setHours] = useState("24");
  const [hosts, setHosts] = useState("");
  const [note, setNote] = useState("");
  const make = useMutation({
    mutationFn: () => {
      const body = {
        max_uses: Number(uses),
        valid_for_s: Number(hours) * HOUR_S,
        hosts: linesOf(hosts),
        note: note.trim(),
      };
      const header = { "Idempotency-Key": keys.current.of(body) };
      return answered(api.POST("/api/v1/enrolment-tokens", { body, params: { header } }));
    },
    onSuccess: async ({ token }) => {
      onMade(token);
      await client.invalidateQueries({ queryKey: ["list", "/api/v1/enrolment-tokens"] });
    },
  });
  return (
    <EditForm
      submit={words.make}
      isBusy={make.isPending}
      error={make.error}
      canSubmit={isWhole(uses, 1, MOST_USES) && isWhole(hours, 1, MOST_HOURS)}
      onSubmit={() => make.mutate()}
    >
      <Box variant="h3">{words.token}</Box>
      <NumberField label={words.uses} value={uses} onChange={setUses} least={1} most={MOST_USES} />
      <NumberField label={words.hours} value={hours} onChange={setHours} least={1} most={MOST_HOURS} />
      <LinesField label={words.hosts} hint={words.hostsHint} value={hosts} onChange={setHosts} isOptional />
      <TextField label={words.note} value={note} onChange={setNote} most={200} isOptional />
    </EditForm>
  );
}

interface CommandsProps {
  system: System;
  token: string | undefined;
  onAnother: () => void;
}

function Commands({ system, token, onAnother }: CommandsProps) {
  const words = texts.agents.installing;
  return (
    <SpaceBetween size="m">
      {token === undefined ? (
        <Alert type="info">{words.noPermission}</Alert>
      ) : (
        <output>
          <Alert type="warning" header={words.made} action={<Button onClick={onAnother}>{words.another}</Button>}>
            {texts.forms.once}
          </Alert>
        </output>
      )}
      <FormField label={words.commands} description={words.commandsHint[system]} stretch>
        <CodeBlock text={enrolCommands(system, location.origin, token ?? words.yourToken)} label={words.commands} />
      </FormField>
      {system === "windows" && (
        <FormField label={words.service} stretch>
          <CodeBlock text={WINDOWS_SERVICE} label={words.service} />
        </FormField>
      )}
      <Box color="text-body-secondary">{words.appears}</Box>
    </SpaceBetween>
  );
}
