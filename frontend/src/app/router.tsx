/** The portal's addresses. */
import { createBrowserRouter } from "react-router";
import { App } from "./App";
import { AREAS } from "./areas";
import { Crashed } from "./Crashed";
import { NotFound } from "./NotFound";

/** Makes the router: it begins to load the page of the address at once. */
export function router(): ReturnType<typeof createBrowserRouter> {
  const pages = AREAS.flatMap((area) => area.routes).map((route) => ({ ...route, ErrorBoundary: Crashed }));
  return createBrowserRouter([
    {
      path: "/",
      Component: App,
      ErrorBoundary: Crashed,
      HydrateFallback: Nothing,
      children: [...pages, { path: "*", Component: NotFound }],
    },
  ]);
}

function Nothing() {
  return null;
}
