/** The frame of what comes before somebody is in. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { type ReactNode, useEffect } from "react";
import { texts } from "../../texts";

export function Frame({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  useEffect(() => {
    document.title = texts.common.title(title);
  }, [title]);
  return (
    <main className="sign-in">
      <div className="sign-in-box">
        <div className="sign-in-head">
          <img src="/bulkhead.svg" alt="" />
          <div>
            <strong>{texts.common.product}</strong>
            <div>{texts.signIn.lead}</div>
          </div>
        </div>
        <Container
          header={
            <Header variant="h1" description={lead}>
              {title}
            </Header>
          }
        >
          {children}
        </Container>
      </div>
    </main>
  );
}
