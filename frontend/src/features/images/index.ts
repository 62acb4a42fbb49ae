/** Images. */
import type { Area } from "../../components/area";
import { texts } from "../../texts";

export const images: Area = {
  nav: { group: "estate", text: () => texts.images.title, href: "/images", needs: "vulnerabilities.read" },
  routes: [
    { path: "images", lazy: async () => ({ Component: (await import("./ImagesPage")).ImagesPage }) },
    { path: "images/compare", lazy: async () => ({ Component: (await import("./ComparePage")).ComparePage }) },
    { path: "images/:id", lazy: async () => ({ Component: (await import("./ImagePage")).ImagePage }) },
  ],
};
