/** A form on a page of its own: its parts, what went wrong where it failed, and the two ways out. */
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { texts } from "../../texts";
import { ProblemAlert } from "../Problem";

interface EditFormProps {
  /** What is done, as a verb. */
  submit: string;
  isBusy: boolean;
  error: unknown;
  canSubmit?: boolean;
  onSubmit: () => void;
  onCancel?: () => void;
  /** Takes what is there now, where it changed meanwhile. */
  onReload?: () => void;
  children: ReactNode;
}

export function EditForm(props: EditFormProps) {
  const { submit, isBusy, error, canSubmit = true, onSubmit, onCancel, onReload, children } = props;
  return (
    <SpaceBetween size="m">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (canSubmit && !isBusy) {
            onSubmit();
          }
        }}
      >
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {onCancel !== undefined && (
                <Button variant="link" formAction="none" onClick={onCancel}>
                  {texts.common.cancel}
                </Button>
              )}
              <Button variant="primary" loading={isBusy} disabled={!canSubmit}>
                {submit}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">{children}</SpaceBetween>
        </Form>
      </form>
      {/* Its button is not one of the form's: it must not send once more what met another change. */}
      {error !== undefined && error !== null && (
        <ProblemAlert error={error} {...(onReload === undefined ? {} : { onReload })} />
      )}
    </SpaceBetween>
  );
}
