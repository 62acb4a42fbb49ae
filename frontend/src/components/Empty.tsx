/** A place where nothing is, and what to do about it: a command to run or a button to press. */
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { Command } from "./Copy";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  /** A command that changes it. */
  command?: string;
  action?: ReactNode;
}

export function Empty({ title, children, command, action }: EmptyProps) {
  return (
    <Box textAlign="center" padding={{ vertical: "l", horizontal: "s" }} color="inherit">
      <SpaceBetween size="s" alignItems="center">
        <Box variant="strong" color="inherit">
          {title}
        </Box>
        {children !== undefined && (
          <Box variant="p" color="text-body-secondary">
            {children}
          </Box>
        )}
        {command !== undefined && <Command text={command} />}
        {action}
      </SpaceBetween>
    </Box>
  );
}
