/** Registries: where images are kept, and which of them are read. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const registries: Area = {
  nav: { group: "estate", text: () => texts.registries.title, href: "/registries", needs: "registries.read" },
  routes: [
    { path: "registries", lazy: async () => ({ Component: (await import("./RegistriesPage")).RegistriesPage }) },
    { path: "registries/new", lazy: async () => ({ Component: (await import("./NewRegistryPage")).NewRegistryPage }) },
    { path: "registries/:id", lazy: async () => ({ Component: (await import("./RegistryPage")).RegistryPage }) },
  ],
};
