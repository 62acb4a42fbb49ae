/** What the gate said of a scan. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { texts } from "../../texts";

const TYPES: Record<string, "success" | "error" | "warning"> = {
  pass: "success",
  violated: "error",
  not_fully_scanned: "warning",
};

export function Verdict({ verdict }: { verdict: string | null | undefined }) {
  const words = texts.scans;
  if (!verdict) {
    return <StatusIndicator type="stopped">{words.noVerdict}</StatusIndicator>;
  }
  return <StatusIndicator type={TYPES[verdict] ?? "info"}>{words.verdicts[verdict] ?? verdict}</StatusIndicator>;
}
