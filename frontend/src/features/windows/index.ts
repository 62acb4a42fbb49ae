/** Windows by build: what is behind, and what the newest update fixes. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const windows: Area = {
  nav: { group: "risk", text: () => texts.windows.nav, href: "/windows", needs: "vulnerabilities.read" },
  routes: [{ path: "windows", lazy: async () => ({ Component: (await import("./WindowsPage")).WindowsPage }) }],
};
