/** Changes one's own password. */
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answered } from "../api/client";
import { api } from "../api/portal";
import { texts } from "../texts";
import { notify } from "./notices";
import { ProblemAlert } from "./Problem";

/** The fewest characters that the server takes. */
const FEWEST = 12;

export function ChangePassword({ currentLabel, onDone }: { currentLabel?: string; onDone: () => void }) {
  const words = texts.signIn.change;
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [isTried, setTried] = useState(false);
  const change = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/session/password", { body: { current, new: next } })),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      setAgain("");
      setTried(false);
      notify({ type: "success", content: words.done });
      onDone();
    },
  });
  const isShort = next.length < FEWEST;
  const differs = next !== again;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!isShort && !differs && current !== "") {
      change.mutate();
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <SpaceBetween size="l">
        {change.isError && <ProblemAlert error={change.error} />}
        <FormField
          label={currentLabel ?? texts.signIn.password}
          errorText={isTried && current === "" ? texts.common.requiredField : undefined}
        >
          <Input
            type="password"
            value={current}
            onChange={({ detail }) => setCurrent(detail.value)}
            autoComplete="current-password"
          />
        </FormField>
        <FormField
          label={words.next}
          description={words.nextHint}
          errorText={isTried && isShort ? words.short : undefined}
        >
          <Input
            type="password"
            value={next}
            onChange={({ detail }) => setNext(detail.value)}
            autoComplete="new-password"
          />
        </FormField>
        <FormField label={words.repeat} errorText={isTried && differs ? words.differs : undefined}>
          <Input
            type="password"
            value={again}
            onChange={({ detail }) => setAgain(detail.value)}
            autoComplete="new-password"
          />
        </FormField>
        <Button variant="primary" loading={change.isPending} formAction="submit">
          {words.submit}
        </Button>
      </SpaceBetween>
    </form>
  );
}
