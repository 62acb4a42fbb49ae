/** Something that is edited: as it is with the name of its state, asked for once, and anew when somebody wants what is there now. */
import { type QueryKey, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Tagged } from "../../api/changes";

/** What is edited. */
export interface Edited<T> {
  query: UseQueryResult<Tagged<T>>;
  /** Key of the form: another one means that it begins anew. */
  epoch: number;
  /** Takes what is there now. */
  again: () => void;
  /** Takes what was answered to a change. */
  saved: (state: Tagged<T>) => void;
}

/** Asks for something that is edited. What somebody writes is not exchanged under their hands. */
export function useTagged<T>(queryKey: QueryKey, ask: (signal: AbortSignal) => Promise<Tagged<T>>): Edited<T> {
  const client = useQueryClient();
  const [epoch, setEpoch] = useState(0);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => ask(signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return {
    query,
    epoch,
    again: () => void query.refetch().then(() => setEpoch((was) => was + 1)),
    saved: (state) => {
      client.setQueryData(queryKey, state);
      setEpoch((was) => was + 1);
    },
  };
}

/** The values of a form, and what changes some of them. */
export function useForm<T extends object>(initial: () => T): [T, (part: Partial<T>) => void] {
  const [form, setForm] = useState(initial);
  return [form, (part) => setForm((was) => ({ ...was, ...part }))];
}
