/** Notifications: who is told of what, and whether it arrives. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const notifications: Area = {
  nav: {
    group: "administration",
    text: () => texts.notifications.title,
    href: "/notifications",
    needs: "notifications.read",
  },
  routes: [
    { path: "notifications", lazy: async () => ({ Component: (await import("./ChannelsPage")).ChannelsPage }) },
    { path: "notifications/new", lazy: async () => ({ Component: (await import("./NewChannelPage")).NewChannelPage }) },
    { path: "notifications/:id", lazy: async () => ({ Component: (await import("./ChannelPage")).ChannelPage }) },
  ],
};
