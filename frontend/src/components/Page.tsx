/** A page: its title in the tab and as its heading, which has the focus when somebody comes to it. */
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";
import { visible } from "../domain/outside";
import { texts } from "../texts";

/** The path that was shown last: who loads a page begins at its top, who goes on to another is taken to its heading. */
let lastPath: string | undefined;

/** Says in the tab which page it is, and takes the focus to its heading after a change of page. */
export function usePage(title: string): React.RefObject<HTMLDivElement | null> {
  const heading = useRef<HTMLDivElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = texts.common.title(visible(title).slice(0, 120));
  }, [title]);
  useEffect(() => {
    if (lastPath !== undefined && lastPath !== pathname) {
      heading.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    lastPath = pathname;
  }, [pathname]);
  return heading;
}

interface PageProps {
  title: string;
  /** Shown as the heading in place of the title. */
  heading?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** The pages above this one. */
  above?: readonly { text: string; href: string }[];
  children: ReactNode;
}

export function Page({ title, heading, description, actions, above, children }: PageProps) {
  const ref = usePage(title);
  const navigate = useNavigate();
  return (
    <SpaceBetween size="m">
      {above !== undefined && (
        <BreadcrumbGroup
          items={[...above, { text: visible(title), href: "#" }]}
          onFollow={(event) => {
            event.preventDefault();
            if (event.detail.href !== "#") {
              void navigate(event.detail.href);
            }
          }}
        />
      )}
      <div ref={ref} tabIndex={-1} className="page-heading">
        <Header variant="h1" description={description} actions={actions}>
          {heading ?? title}
        </Header>
      </div>
      <div className="page-body">{children}</div>
    </SpaceBetween>
  );
}
