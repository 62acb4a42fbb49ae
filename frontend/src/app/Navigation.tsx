/** The navigation: the areas that there are and that whoever looks may see. */
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { useLocation, useNavigate } from "react-router";
import { type Area, GROUPS } from "../components/area";
import { useMay } from "../components/session";
import { texts } from "../texts";
import { AREAS } from "./areas";

export function Navigation() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const may = useMay();
  const links = AREAS.flatMap(({ nav }) => (nav === undefined || (nav.needs && !may(nav.needs)) ? [] : [nav]));
  return (
    <SideNavigation
      activeHref={activeHref(links, pathname)}
      items={GROUPS.flatMap((group) => itemsOf(group, links))}
      onFollow={(event) => {
        if (event.detail.external !== true) {
          event.preventDefault();
          void navigate(event.detail.href);
        }
      }}
    />
  );
}

type Nav = NonNullable<Area["nav"]>;

/** The area that a page belongs to. */
function activeHref(links: readonly Nav[], pathname: string): string {
  const found = links.filter(({ href }) => href !== "/" && (pathname === href || pathname.startsWith(`${href}/`)));
  return found[0]?.href ?? pathname;
}

function itemsOf(group: Nav["group"], links: readonly Nav[]): SideNavigationProps.Item[] {
  const items = links
    .filter((nav) => nav.group === group)
    .map((nav): SideNavigationProps.Link => ({ type: "link", text: nav.text(), href: nav.href }));
  if (group === "top" || items.length === 0) {
    return items;
  }
  return [{ type: "section-group", title: texts.shell.groups[group], items }];
}
