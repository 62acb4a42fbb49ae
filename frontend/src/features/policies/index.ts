/** The policy that scans in builds are held against. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const policies: Area = {
  nav: { group: "governance", text: () => texts.policies.title, href: "/policies", needs: "policies.read" },
  routes: [{ path: "policies", lazy: async () => ({ Component: (await import("./PolicyPage")).PolicyPage }) }],
};
