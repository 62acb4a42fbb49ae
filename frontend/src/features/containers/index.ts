/** Containers. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const containers: Area = {
  nav: { group: "estate", text: () => texts.containers.title, href: "/containers", needs: "vulnerabilities.read" },
  routes: [
    { path: "containers", lazy: async () => ({ Component: (await import("./ContainersPage")).ContainersPage }) },
    {
      path: "containers/:host/:id",
      lazy: async () => ({ Component: (await import("./ContainerPage")).ContainerPage }),
    },
  ],
};
