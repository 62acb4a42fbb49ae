/** Exceptions: asking for one, deciding on it, taking it back, and handing on what is said. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const exceptions: Area = {
  nav: { group: "governance", text: () => texts.exceptions.title, href: "/exceptions", needs: "exceptions.read" },
  routes: [
    { path: "exceptions", lazy: async () => ({ Component: (await import("./ExceptionsPage")).ExceptionsPage }) },
    { path: "exceptions/new", lazy: async () => ({ Component: (await import("./RequestPage")).RequestPage }) },
    { path: "exceptions/:id", lazy: async () => ({ Component: (await import("./ExceptionPage")).ExceptionPage }) },
  ],
};
