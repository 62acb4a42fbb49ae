/** Hosts. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const hosts: Area = {
  nav: { group: "estate", text: () => texts.hosts.title, href: "/hosts", needs: "hosts.read" },
  routes: [
    { path: "hosts", lazy: async () => ({ Component: (await import("./HostsPage")).HostsPage }) },
    { path: "hosts/:id", lazy: async () => ({ Component: (await import("./HostPage")).HostPage }) },
  ],
};
