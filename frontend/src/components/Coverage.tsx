/** How much of a place was read. What was not read is never clean. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { texts } from "../texts";

const TYPES: Record<string, "success" | "warning" | "error"> = {
  complete: "success",
  partial: "warning",
  unsupported: "error",
};

export function CoverageStatus({ status }: { status: string }) {
  return <StatusIndicator type={TYPES[status] ?? "info"}>{texts.common.coverage[status] ?? status}</StatusIndicator>;
}
