/** Agents: what runs on hosts, how it gets there, and what lets it in. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const agents: Area = {
  nav: { group: "administration", text: () => texts.agents.title, href: "/agents", needs: "agents.read" },
  routes: [
    { path: "agents", lazy: async () => ({ Component: (await import("./AgentsPage")).AgentsPage }) },
    { path: "agents/:id", lazy: async () => ({ Component: (await import("./AgentPage")).AgentPage }) },
  ],
};
