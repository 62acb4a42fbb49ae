/** Sets up a second factor: the password, the device's secret, a first code, and the codes for when the device is lost. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { answered } from "../api/client";
import { api } from "../api/portal";
import { texts } from "../texts";
import { Copyable } from "./Copy";
import { ProblemAlert } from "./Problem";

const QrCode = lazy(async () => ({ default: (await import("./QrCode")).QrCode }));

export function SecondFactorSetUp({ onDone }: { onDone: () => void }) {
  const words = texts.signIn.setUp;
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/session/second-factor", { body: { current: password } })),
  });
  const confirm = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/session/second-factor/confirm", { body: { code: code.trim() } })),
  });
  if (confirm.data !== undefined) {
    return <RecoveryCodes codes={confirm.data.recovery_codes} onDone={onDone} />;
  }
  if (begin.data === undefined) {
    return (
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          begin.mutate();
        }}
      >
        <SpaceBetween size="l">
          {begin.isError && <ProblemAlert error={begin.error} />}
          <FormField label={texts.signIn.password} description={words.confirmPassword}>
            <Input
              type="password"
              value={password}
              onChange={({ detail }) => setPassword(detail.value)}
              autoComplete="current-password"
            />
          </FormField>
          <Button variant="primary" loading={begin.isPending} formAction="submit" disabled={password === ""}>
            {words.begin}
          </Button>
        </SpaceBetween>
      </form>
    );
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <SpaceBetween size="l">
        {confirm.isError && <ProblemAlert error={confirm.error} />}
        <div>{words.scan}</div>
        <Suspense>
          <QrCode text={begin.data.uri} label={words.picture} />
        </Suspense>
        <FormField label={words.orType}>
          <Copyable text={begin.data.seed} />
        </FormField>
        <FormField label={words.thenCode}>
          <Input
            value={code}
            onChange={({ detail }) => setCode(detail.value)}
            autoComplete="one-time-code"
            inputMode="numeric"
          />
        </FormField>
        <Button variant="primary" loading={confirm.isPending} formAction="submit" disabled={code.trim() === ""}>
          {words.confirm}
        </Button>
      </SpaceBetween>
    </form>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const words = texts.signIn.setUp;
  return (
    <SpaceBetween size="l">
      <Alert type="success" header={words.codesTitle}>
        {words.codesHint}
      </Alert>
      <ul className="recovery-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <SpaceBetween direction="horizontal" size="xs">
        <CopyToClipboard
          textToCopy={codes.join("\n")}
          copyButtonText={words.copyCodes}
          copySuccessText={texts.common.copied}
          copyErrorText={texts.common.copyFailed}
        />
        <Button variant="primary" onClick={onDone}>
          {words.kept}
        </Button>
      </SpaceBetween>
    </SpaceBetween>
  );
}
