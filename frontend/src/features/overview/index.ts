/** The overview. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const overview: Area = {
  nav: { group: "top", text: () => texts.overview.title, href: "/" },
  routes: [{ index: true, lazy: async () => ({ Component: (await import("./OverviewPage")).OverviewPage }) }],
};
