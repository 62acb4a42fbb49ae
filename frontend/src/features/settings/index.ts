/** Settings of the tenant, and what its operator looks after. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const settings: Area = {
  nav: { group: "administration", text: () => texts.settings.title, href: "/settings", needs: "feeds.read" },
  routes: [{ path: "settings", lazy: async () => ({ Component: (await import("./SettingsPage")).SettingsPage }) }],
};
