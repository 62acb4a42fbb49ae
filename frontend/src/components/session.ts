/** Who uses the portal, for pages that show or ask only what somebody may. */
import { createContext, useContext } from "react";
import type { Schema } from "../api/types";
import { may, type Permission } from "../domain/permissions";

/** The caller; the frame gives it to all pages. */
export const CallerContext = createContext<Schema<"CallerDetail"> | undefined>(undefined);

/** Who uses the portal. */
export function useCaller(): Schema<"CallerDetail"> {
  const caller = useContext(CallerContext);
  if (caller === undefined) {
    throw new Error("a page outside of the frame asks who uses it");
  }
  return caller;
}

/** Whether whoever uses the portal has a permission. */
export function useMay(): (wanted: Permission) => boolean {
  const { permissions } = useCaller();
  return (wanted) => may(permissions, wanted);
}
