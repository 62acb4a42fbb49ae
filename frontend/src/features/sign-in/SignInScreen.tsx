/** The way in, at whatever address was asked for. */
import { useQueryClient } from "@tanstack/react-query";
import { begun, sessionQuery } from "../../api/session";
import { texts } from "../../texts";
import { AcceptInvitation, INVITATION } from "./AcceptInvitation";
import { Frame } from "./Frame";
import { SignInForm } from "./SignInForm";

export function SignInScreen() {
  const client = useQueryClient();
  if (location.pathname === INVITATION) {
    return <AcceptInvitation />;
  }
  return (
    <Frame title={texts.signIn.title}>
      <SignInForm
        onSignedIn={() => {
          begun();
          void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
        }}
      />
    </Frame>
  );
}
