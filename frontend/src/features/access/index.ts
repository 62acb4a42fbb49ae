/** Access: people, roles, collections, everything that lets somebody in, and what was done. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const access: Area = {
  nav: { group: "administration", text: () => texts.access.title, href: "/access", needs: "collections.read" },
  routes: [
    { path: "access", lazy: async () => ({ Component: (await import("./AccessPage")).AccessPage }) },
    { path: "access/people/:id", lazy: async () => ({ Component: (await import("./PersonPage")).PersonPage }) },
    { path: "access/invite", lazy: async () => ({ Component: (await import("./InvitePage")).InvitePage }) },
    { path: "access/permissions", lazy: async () => ({ Component: (await import("./MatrixPage")).MatrixPage }) },
    { path: "access/new-role", lazy: async () => ({ Component: (await import("./RolePage")).NewRolePage }) },
    { path: "access/roles/:name", lazy: async () => ({ Component: (await import("./RolePage")).RolePage }) },
    {
      path: "access/new-collection",
      lazy: async () => ({ Component: (await import("./CollectionPage")).NewCollectionPage }),
    },
    {
      path: "access/collections/:id",
      lazy: async () => ({ Component: (await import("./CollectionPage")).CollectionPage }),
    },
    {
      path: "access/new-identity-provider",
      lazy: async () => ({ Component: (await import("./ProviderPage")).NewProviderPage }),
    },
    {
      path: "access/identity-providers/:id",
      lazy: async () => ({ Component: (await import("./ProviderPage")).ProviderPage }),
    },
    {
      path: "access/new-trusted-build",
      lazy: async () => ({ Component: (await import("./NewBuildPage")).NewBuildPage }),
    },
  ],
};
