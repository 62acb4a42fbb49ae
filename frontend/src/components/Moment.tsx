/** A moment: how long ago at first sight, exactly for whoever looks closer. */
import { useSyncExternalStore } from "react";
import { ago, exactMoment, moment } from "../domain/format";
import { texts } from "../texts";

let now = Date.now();

/** The time that pages are drawn with, renewed twice a minute so that all moments of a page agree. */
function onTick(listener: () => void): () => void {
  const timer = setInterval(() => {
    now = Date.now();
    listener();
  }, 30_000);
  return () => clearInterval(timer);
}

/** The time of this page, in milliseconds since 1970. */
export function useNow(): number {
  return useSyncExternalStore(onTick, () => {
    if (Math.abs(Date.now() - now) > 30_000) {
      now = Date.now();
    }
    return now;
  });
}

interface MomentProps {
  at: string | null | undefined;
  /** Shown where there is none; `never` when absent. */
  otherwise?: string;
  /** Show date and time in place of how long ago. */
  plain?: boolean;
}

export function Moment({ at, otherwise, plain }: MomentProps) {
  const time = useNow();
  if (at === null || at === undefined) {
    return <>{otherwise ?? texts.common.never}</>;
  }
  return (
    <time dateTime={at} title={exactMoment(at)}>
      {plain ? moment(at) : ago(at, time)}
    </time>
  );
}
