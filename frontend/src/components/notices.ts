/** Notices above a page: what was done, what goes on, what failed beside it. */
import type { ReactNode } from "react";

/** A notice. */
export interface Notice {
  id: string;
  type: "success" | "error" | "info" | "in-progress" | "warning";
  header?: ReactNode;
  content: ReactNode;
  action?: ReactNode;
}

let notices: readonly Notice[] = [];
let next = 0;
const listeners = new Set<() => void>();
/** Most that are shown. */
const MOST = 5;
/** How long that something is done stays, in milliseconds. Failures stay until they are dismissed. */
const STAYS_MS = 8000;

function become(now: readonly Notice[]): void {
  notices = now;
  for (const listener of listeners) {
    listener();
  }
}

/** Shows a notice and returns its id; one with the id of another takes its place. */
export function notify(notice: Omit<Notice, "id"> & { id?: string }): string {
  const id = notice.id ?? `notice-${next++}`;
  const others = notices.filter((one) => one.id !== id);
  become([{ ...notice, id }, ...others].slice(0, MOST));
  if (notice.type === "success") {
    setTimeout(() => dismiss(id), STAYS_MS);
  }
  return id;
}

/** Takes a notice away. */
export function dismiss(id: string): void {
  if (notices.some((one) => one.id === id)) {
    become(notices.filter((one) => one.id !== id));
  }
}

/** The notices that are shown, newest first. */
export function currentNotices(): readonly Notice[] {
  return notices;
}

/** Tells of changes, until what it returns is called. */
export function onNotices(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
