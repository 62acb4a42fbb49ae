/** One's own second factor: setting it up, replacing it, removing it. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { done } from "../../api/client";
import { api } from "../../api/portal";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { notify } from "../../components/notices";
import { SecondFactorSetUp } from "../../components/SecondFactorSetUp";
import { texts } from "../../texts";

export function SecondFactor() {
  const words = texts.account.secondFactor;
  const [isSettingUp, setSettingUp] = useState(false);
  const [isRemoving, setRemoving] = useState(false);
  return (
    <Container
      header={
        <Header variant="h2" description={words.lead}>
          {words.title}
        </Header>
      }
    >
      {isSettingUp ? (
        <div className="narrow">
          <SecondFactorSetUp
            onDone={() => {
              setSettingUp(false);
              notify({ type: "success", content: words.done });
            }}
          />
        </div>
      ) : (
        <SpaceBetween direction="horizontal" size="xs">
          <Button onClick={() => setSettingUp(true)}>{words.on}</Button>
          <Button onClick={() => setRemoving(true)}>{words.remove}</Button>
        </SpaceBetween>
      )}
      {isRemoving && <Remove onClose={() => setRemoving(false)} />}
    </Container>
  );
}

function Remove({ onClose }: { onClose: () => void }) {
  const words = texts.account.secondFactor;
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const remove = useMutation({
    mutationFn: () =>
      done(api.POST("/api/v1/session/second-factor/remove", { body: { current: password, code: code.trim() } })),
    onSuccess: () => {
      notify({ type: "success", content: words.removed });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={words.removeTitle}
      confirm={words.remove}
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onCancel={onClose}
    >
      <SpaceBetween size="m">
        <div>{words.removeLead}</div>
        <FormField label={texts.signIn.password}>
          <Input
            type="password"
            value={password}
            onChange={({ detail }) => setPassword(detail.value)}
            autoComplete="current-password"
          />
        </FormField>
        <FormField label={texts.signIn.code}>
          <Input value={code} onChange={({ detail }) => setCode(detail.value)} autoComplete="one-time-code" />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}
