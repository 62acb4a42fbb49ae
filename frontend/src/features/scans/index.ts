/** Scans that builds sent. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const scans: Area = {
  nav: { group: "governance", text: () => texts.scans.title, href: "/scans", needs: "vulnerabilities.read" },
  routes: [
    { path: "scans", lazy: async () => ({ Component: (await import("./ScansPage")).ScansPage }) },
    { path: "scans/:id", lazy: async () => ({ Component: (await import("./ScanPage")).ScanPage }) },
  ],
};
