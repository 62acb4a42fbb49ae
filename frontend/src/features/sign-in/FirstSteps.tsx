/** What somebody has to do before anything else: another password than the one that was given, a second factor. */
import { useQueryClient } from "@tanstack/react-query";
import { sessionQuery } from "../../api/session";
import type { Schema } from "../../api/types";
import { ChangePassword } from "../../components/ChangePassword";
import { SecondFactorSetUp } from "../../components/SecondFactorSetUp";
import { texts } from "../../texts";
import { Frame } from "./Frame";

export function FirstSteps({ caller }: { caller: Schema<"CallerDetail"> }) {
  const client = useQueryClient();
  const goOn = (): void => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  if (caller.must_change_password) {
    const words = texts.signIn.change;
    return (
      <Frame title={words.title} lead={words.lead}>
        <ChangePassword currentLabel={words.current} onDone={goOn} />
      </Frame>
    );
  }
  const words = texts.signIn.setUp;
  return (
    <Frame title={words.title} lead={words.lead}>
      <SecondFactorSetUp onDone={goOn} />
    </Frame>
  );
}
