/** A page that broke, and how to go on. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useRouteError } from "react-router";
import { texts } from "../texts";

export function Crashed() {
  const error = useRouteError();
  const words = texts.common.problem;
  return (
    <Box padding="l">
      <div role="alert">
        <Alert
          type="error"
          header={words.crashed}
          action={<Button onClick={() => location.reload()}>{words.reload}</Button>}
        >
          <p>{words.crashedHint}</p>
          <code>{error instanceof Error ? `${error.name}: ${error.message}` : String(error)}</code>
        </Alert>
      </div>
    </Box>
  );
}
