/** Asks before something is done that cannot be taken back, and shows what went wrong where it failed. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { texts } from "../texts";
import { ProblemAlert } from "./Problem";

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  /** What is done, as a verb. */
  confirm: string;
  isBusy: boolean;
  error?: unknown;
  onConfirm: () => void;
  onCancel: () => void;
  onReload?: () => void;
}

export function ConfirmDialog({
  title,
  children,
  confirm,
  isBusy,
  error,
  onConfirm,
  onCancel,
  onReload,
}: ConfirmDialogProps) {
  return (
    <Modal
      visible
      header={title}
      onDismiss={onCancel}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onCancel}>
              {texts.common.cancel}
            </Button>
            <Button variant="primary" loading={isBusy} onClick={onConfirm}>
              {confirm}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div>{children}</div>
        {error !== undefined && error !== null && (
          <ProblemAlert error={error} {...(onReload === undefined ? {} : { onReload })} />
        )}
      </SpaceBetween>
    </Modal>
  );
}
