/** What went wrong: what happened, what to do, and under which number the server's log has it. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { problemIn, Unreachable } from "../api/portal";
import { count } from "../domain/format";
import { courseOf, namedPermission } from "../domain/problem";
import { texts } from "../texts";
import { Outside } from "./Outside";

interface ProblemAlertProps {
  error: unknown;
  /** Asks again. */
  onRetry?: () => void;
  /** Takes what is there now, where a change met another one. */
  onReload?: () => void;
}

/** What is said of a failure. */
interface Said {
  type: "error" | "warning" | "info";
  title: string;
  detail: string | undefined;
  hint: string | undefined;
  requestId: string | undefined;
  isChanged: boolean;
}

/** Puts a failure into words. */
export function sayOf(error: unknown): Said {
  const words = texts.common.problem;
  const plain = { requestId: undefined, isChanged: false, detail: undefined, hint: undefined };
  const found = problemIn(error);
  if (found === undefined) {
    if (error instanceof Unreachable) {
      return { ...plain, type: "error", title: words.away, hint: words.awayHint };
    }
    const detail = error instanceof Error ? error.message : String(error);
    return { ...plain, type: "error", title: words.title, detail };
  }
  const { problem, retryAfterS } = found;
  const said: Said = {
    type: "error",
    title: problem.title,
    detail: problem.detail ?? undefined,
    hint: undefined,
    requestId: problem.request_id ?? undefined,
    isChanged: false,
  };
  switch (courseOf(problem)) {
    case "forbidden": {
      const permission = namedPermission(problem.detail);
      const hint = permission === undefined ? words.forbiddenPlain : words.forbiddenHint(permission);
      return { ...said, type: "warning", title: words.forbidden, hint };
    }
    case "not-found":
      return { ...said, type: "warning", title: words.notFound, hint: words.notFoundHint };
    case "changed-meanwhile":
      return { ...said, type: "warning", title: words.changed, hint: words.changedHint, isChanged: true };
    case "wait":
      return { ...said, type: "warning", hint: retryAfterS === undefined ? undefined : words.wait(count(retryAfterS)) };
    case "again":
      return { ...said, title: words.away, hint: words.awayHint };
    case "report":
      return { ...said, hint: words.report };
    default:
      return said;
  }
}

export function ProblemAlert({ error, onRetry, onReload }: ProblemAlertProps) {
  const said = sayOf(error);
  const reload = said.isChanged ? onReload : undefined;
  const action =
    reload !== undefined ? (
      <Button onClick={reload}>{texts.common.problem.loadNow}</Button>
    ) : onRetry !== undefined ? (
      <Button iconName="refresh" onClick={onRetry}>
        {texts.common.tryAgain}
      </Button>
    ) : undefined;
  return (
    <div role="alert">
      <Alert type={said.type} header={said.title} action={action}>
        <SpaceBetween size="xxs">
          {said.detail !== undefined && (
            <div>
              <Outside text={said.detail} most={1000} />
            </div>
          )}
          {said.hint !== undefined && <div>{said.hint}</div>}
          {said.requestId !== undefined && (
            <Box fontSize="body-s" color="text-body-secondary">
              {texts.common.problem.requestId} <Outside text={said.requestId} code />
            </Box>
          )}
        </SpaceBetween>
      </Alert>
    </div>
  );
}
