/** What an area of the portal tells the frame around it: where it stands in the navigation, and its pages. */
import type { RouteObject } from "react-router";
import type { Permission } from "../domain/permissions";

/** Groups of the navigation, in their order; `top` stands above all groups. */
export const GROUPS = ["top", "risk", "estate", "governance", "administration"] as const;

/** An area. Its pages are loaded when somebody goes there, so that what is imported here stays small. */
export interface Area {
  /** Its place in the navigation; absent for areas that are reached otherwise. */
  nav?: {
    group: (typeof GROUPS)[number];
    text: () => string;
    href: string;
    /** Left out for those who do not have it. */
    needs?: Permission;
  };
  routes: RouteObject[];
}
