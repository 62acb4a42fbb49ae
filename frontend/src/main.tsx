/** The portal begins here. */
import "./app/quiet";
import "@cloudscape-design/global-styles/index.css";
import "./app/portal.css";
import "./app/forms.css";
import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "./api/queries";
import { sessionQuery } from "./api/session";
import { loudOnceIdle } from "./app/quiet";
import { router } from "./app/router";
import { beginLook } from "./components/look";

beginLook();
loudOnceIdle();
const client = queryClient();
// Asked while the page's own files still come.
void client.prefetchQuery(sessionQuery);
const place = document.getElementById("portal");
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <I18nProvider locale="en" messages={[messages]}>
          <RouterProvider router={router()} />
        </I18nProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
