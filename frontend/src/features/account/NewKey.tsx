/** Makes an API key, and shows it this once. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { Command } from "../../components/Copy";
import { ProblemAlert } from "../../components/Problem";
import { useCaller } from "../../components/session";
import { texts } from "../../texts";

const DAY_S = 86_400;

export function NewKey({ list, onClose }: { list: string; onClose: () => void }) {
  const words = texts.account.keys;
  const caller = useCaller();
  const client = useQueryClient();
  const [note, setNote] = useState("");
  const [days, setDays] = useState("90");
  const [roles, setRoles] = useState<readonly string[]>(caller.roles.slice(0, 1));
  const make = useMutation({
    mutationFn: () =>
      answered(
        api.POST("/api/v1/api-keys", {
          body: { note, roles: roles.map((role) => ({ role })), valid_for_s: Math.round(Number(days) * DAY_S) },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["list", list] }),
  });
  const areDaysGood = Number(days) >= 1 && Number(days) <= 365;
  if (make.data !== undefined) {
    return (
      <Modal
        visible
        header={words.created}
        onDismiss={onClose}
        footer={
          <Box float="right">
            <Button variant="primary" onClick={onClose}>
              {texts.common.close}
            </Button>
          </Box>
        }
      >
        <SpaceBetween size="m">
          <Alert type="info">{words.createdHint}</Alert>
          <Command text={make.data.key} />
        </SpaceBetween>
      </Modal>
    );
  }
  return (
    <Modal
      visible
      header={words.create}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {texts.common.cancel}
            </Button>
            <Button
              variant="primary"
              loading={make.isPending}
              disabled={!areDaysGood || roles.length === 0}
              onClick={() => make.mutate()}
            >
              {words.create}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {make.isError && <ProblemAlert error={make.error} />}
        <FormField label={words.note} description={words.noteHint}>
          <Input value={note} onChange={({ detail }) => setNote(detail.value.slice(0, 200))} autoFocus />
        </FormField>
        <FormField label={words.roles} description={words.rolesHint}>
          <Multiselect
            options={caller.roles.map((role) => ({ value: role, label: role }))}
            selectedOptions={roles.map((role) => ({ value: role, label: role }))}
            onChange={({ detail }) =>
              setRoles(detail.selectedOptions.flatMap(({ value }) => (value === undefined ? [] : [value])))
            }
          />
        </FormField>
        <FormField label={words.days} errorText={areDaysGood ? undefined : words.daysWrong}>
          <Input type="number" inputMode="numeric" value={days} onChange={({ detail }) => setDays(detail.value)} />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
