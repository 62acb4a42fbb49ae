/** What of an exception is shown in more than one page: its state, and where it holds. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { get } from "../../api/portal";
import type { Schema } from "../../api/types";
import { CollectionNames } from "../../components/forms/Collections";
import { save } from "../../components/list/Export";
import { notify } from "../../components/notices";
import { Outside } from "../../components/Outside";
import { sayOf } from "../../components/Problem";
import { To } from "../../components/To";
import { placeAddress } from "../../domain/place";
import { texts } from "../../texts";

const TYPES: Record<string, StatusIndicatorProps.Type> = {
  requested: "pending",
  approved: "success",
  rejected: "error",
  revoked: "stopped",
  expired: "stopped",
};

export function State({ state }: { state: string }) {
  const words = texts.exceptions.states;
  return <StatusIndicator type={TYPES[state] ?? "info"}>{words[state] ?? state}</StatusIndicator>;
}

/** Where an exception holds. */
export function Where({ scope }: { scope: Schema<"ExceptionScope"> }) {
  switch (scope.kind) {
    case "collection":
      return <CollectionNames ids={[scope.collection]} />;
    case "place":
      return (
        <To href={placeAddress(scope.place)}>
          <Outside text={scope.place} most={60} code />
        </To>
      );
    default:
      return <>{texts.exceptions.scopes[scope.kind] ?? scope.kind}</>;
  }
}

/** The same as a text. */
export function whereText(scope: Schema<"ExceptionScope">): string {
  return scope.kind === "collection" ? scope.collection : scope.kind === "place" ? scope.place : scope.kind;
}

/** Hands over what is approved, as the server writes it. */
export async function downloadVex(): Promise<void> {
  try {
    const response = await get("/api/v1/exceptions/vex", "application/json");
    save(await response.blob(), `exceptions-${new Date().toISOString().slice(0, 10)}.openvex.json`);
  } catch (error) {
    const said = sayOf(error);
    const content = [said.title, said.detail, said.hint].filter((text) => text !== undefined).join(" ");
    notify({ type: "error", header: texts.exceptions.vexFailed, content });
  }
}
