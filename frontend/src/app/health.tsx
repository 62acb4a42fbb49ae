/** What is said above every page while the server is slow or away. */
import Button from "@cloudscape-design/components/button";
import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { currentHealth, onHealth } from "../api/health";
import { texts } from "../texts";

/** How long until it is looked again whether the server is back, in milliseconds. */
const LOOKS_AGAIN_MS = 15_000;

/** The notice, where there is something to say. */
export function useHealthNotice(): FlashbarProps.MessageDefinition | undefined {
  const health = useSyncExternalStore(onHealth, currentHealth);
  const client = useQueryClient();
  const isAsking = useIsFetching() > 0;
  const isAway = health === "away";

  useEffect(() => {
    if (!isAway) {
      return;
    }
    // One question is enough to notice that it is back; then all that failed is asked again.
    const timer = setInterval(() => {
      void client.refetchQueries({ queryKey: ["session"] }).then(async () => {
        if (currentHealth() !== "away") {
          await client.invalidateQueries({ predicate: (query) => query.state.status === "error" });
        }
      });
    }, LOOKS_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isAway, client]);

  if (health === "good") {
    return undefined;
  }
  const words = texts.common.problem;
  if (health === "slow") {
    return { id: "health", type: "info", loading: true, content: words.slow };
  }
  return {
    id: "health",
    type: "warning",
    header: words.away,
    content: words.awayHint,
    action: (
      <Button loading={isAsking} onClick={() => void client.invalidateQueries()}>
        {texts.common.tryAgain}
      </Button>
    ),
  };
}
