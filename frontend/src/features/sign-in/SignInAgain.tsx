/** Signing in again above a page that stays as it is. */
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useContext, useEffect } from "react";
import { begun, sessionQuery } from "../../api/session";
import { CallerContext } from "../../components/session";
import { texts } from "../../texts";
import { SignInForm } from "./SignInForm";

export function SignInAgain() {
  const client = useQueryClient();
  const before = useContext(CallerContext);
  const session = useQuery(sessionQuery);
  // Who signed in elsewhere and comes back is in again: the question is asked anew when the window gets the focus.
  const isBack = session.data !== null && session.data !== undefined && session.dataUpdatedAt > opened;
  useEffect(() => {
    opened = Date.now();
    void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  }, [client]);
  useEffect(() => {
    if (isBack) {
      begun();
      void client.invalidateQueries();
    }
  }, [isBack, client]);
  return (
    <Modal visible header={texts.signIn.again} size="small" onDismiss={() => begun()}>
      <SpaceBetween size="m">
        <div>{texts.signIn.againHint}</div>
        <SignInForm
          isAgain
          login={before?.user ?? ""}
          tenant={before?.tenant ?? ""}
          onSignedIn={(reply) => {
            // Somebody else than before sees nothing of what is on the screen.
            if (before !== undefined && (reply.user !== before.user || reply.tenant !== before.tenant)) {
              location.reload();
              return;
            }
            begun();
            void client.invalidateQueries();
          }}
        />
      </SpaceBetween>
    </Modal>
  );
}

/** When it was opened: an answer of before says nothing. */
let opened = 0;
