/** The navigation: the areas that there are and that whoever looks may see. */
import { NavLink } from "react-router";
import { GROUPS } from "../components/area";
import { useMay } from "../components/session";
import { texts } from "../texts";
import { AREAS } from "./areas";

export function Navigation() {
  const may = useMay();
  const links = AREAS.flatMap(({ nav }) => (nav === undefined || (nav.needs && !may(nav.needs)) ? [] : [nav]));
  return (
    <nav className="navigation" aria-label={texts.shell.navigation}>
      {GROUPS.map((group) => {
        const own = links.filter((nav) => nav.group === group);
        return own.length === 0 ? null : (
          <div key={group}>
            {group === "top" ? null : <div className="navigation-group">{texts.shell.groups[group]}</div>}
            <ul>
              {own.map(({ href, text }) => (
                <li key={href}>
                  <NavLink to={href} end={href === "/"}>
                    {text()}
                  </NavLink>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}
