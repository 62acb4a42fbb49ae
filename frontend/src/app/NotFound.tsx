/** An address that leads nowhere. */
import { Page } from "../components/Page";
import { To } from "../components/To";
import { texts } from "../texts";

export function NotFound() {
  const words = texts.shell.notFound;
  return (
    <Page title={words.title}>
      <div>
        <p>{words.body}</p>
        <To href="/" variant="primary">
          {words.action}
        </To>
      </div>
    </Page>
  );
}
