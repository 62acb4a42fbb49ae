/** One's own account, reached by one's own menu. */
import type { Area } from "../../components/area";

export const account: Area = {
  routes: [{ path: "account", lazy: async () => ({ Component: (await import("./AccountPage")).AccountPage }) }],
};
