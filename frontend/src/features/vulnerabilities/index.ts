/** The Vulnerability Explorer. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const vulnerabilities: Area = {
  nav: {
    group: "risk",
    text: () => texts.vulnerabilities.nav,
    href: "/vulnerabilities",
    needs: "vulnerabilities.read",
  },
  routes: [
    {
      path: "vulnerabilities",
      lazy: async () => ({ Component: (await import("./VulnerabilitiesPage")).VulnerabilitiesPage }),
    },
    { path: "fixed", lazy: async () => ({ Component: (await import("./FixedPage")).FixedPage }) },
    {
      path: "vulnerabilities/:id",
      lazy: async () => ({ Component: (await import("./VulnerabilityPage")).VulnerabilityPage }),
    },
  ],
};
