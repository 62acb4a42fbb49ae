/** What a page shows of an answer: that it is on its way, that it failed, or the answer. An old answer stays while a new one fails. */
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { texts } from "../texts";
import { ProblemAlert } from "./Problem";

/** That something is on its way. */
export function Loading() {
  return (
    <Box textAlign="center" padding="l" color="text-body-secondary">
      <output>
        <Spinner /> {texts.common.loading}
      </output>
    </Box>
  );
}

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
  /** Shown while it is on its way. */
  loading?: ReactNode;
}

export function Loaded<T>({ query, children, loading }: LoadedProps<T>) {
  const again = () => void query.refetch();
  if (query.data !== undefined) {
    return query.isError ? (
      <SpaceBetween size="m">
        <ProblemAlert error={query.error} onRetry={again} />
        {children(query.data)}
      </SpaceBetween>
    ) : (
      children(query.data)
    );
  }
  if (query.isError) {
    return <ProblemAlert error={query.error} onRetry={again} />;
  }
  return loading ?? <Loading />;
}
