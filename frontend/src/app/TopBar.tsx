/** The bar on top: the search that answers whether somebody is affected, how the portal looks, and who uses it. */
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { useSyncExternalStore } from "react";
import { Link, useNavigate } from "react-router";
import { done } from "../api/client";
import { api } from "../api/portal";
import { chooseLook, currentLook, onLook } from "../components/look";
import { notify } from "../components/notices";
import { sayOf } from "../components/Problem";
import { useCaller } from "../components/session";
import { visible } from "../domain/outside";
import { texts } from "../texts";
import { Search } from "./Search";

interface TopBarProps {
  isNavigationOpen: boolean;
  onNavigation: () => void;
}

export function TopBar({ isNavigationOpen, onNavigation }: TopBarProps) {
  const words = texts.shell;
  return (
    <header className="top awsui-context-top-navigation">
      <Button
        variant="icon"
        iconName="menu"
        ariaLabel={isNavigationOpen ? words.closeNavigation : words.openNavigation}
        ariaExpanded={isNavigationOpen}
        onClick={onNavigation}
      />
      <Link to="/" className="top-name" aria-label={texts.common.product}>
        <img src="/bulkhead.svg" alt="" width="24" height="24" />
        <span>{texts.common.product}</span>
      </Link>
      <div className="top-search">
        <Search />
      </div>
      <div className="top-end">
        <LookMenu />
        <OwnMenu />
      </div>
    </header>
  );
}

function LookMenu() {
  const look = useSyncExternalStore(onLook, currentLook);
  const words = texts.shell.look;
  return (
    <ButtonDropdown
      variant="icon"
      iconName="settings"
      ariaLabel={words.name}
      expandToViewport
      items={[
        ...(["system", "light", "dark"] as const).map((mode) => ({
          id: mode,
          itemType: "checkbox" as const,
          text: words[mode],
          checked: look.mode === mode,
        })),
        { id: "density", itemType: "checkbox" as const, text: words.compact, checked: look.density === "compact" },
      ]}
      onItemClick={({ detail }) => {
        if (detail.id === "density") {
          chooseLook({ density: look.density === "compact" ? "comfortable" : "compact" });
        } else if (detail.id === "system" || detail.id === "light" || detail.id === "dark") {
          chooseLook({ mode: detail.id });
        }
      }}
    />
  );
}

function OwnMenu() {
  const caller = useCaller();
  const navigate = useNavigate();
  const words = texts.shell.me;
  return (
    <ButtonDropdown
      variant="icon"
      iconName="user-profile"
      ariaLabel={words.menu}
      expandToViewport
      items={[
        {
          id: "me",
          text: `${visible(caller.name).slice(0, 60)} · ${words.tenant(visible(caller.tenant))}`,
          items: [
            { id: "account", text: words.account, href: "/account" },
            { id: "sign-out", text: words.signOut },
          ],
        },
      ]}
      onItemFollow={(event) => {
        event.preventDefault();
        void navigate("/account");
      }}
      onItemClick={({ detail }) => {
        if (detail.id === "sign-out") {
          void signOut();
        }
      }}
    />
  );
}

/** Signs out. The page is loaded anew, so that nothing of the estate stays in memory. */
async function signOut(): Promise<void> {
  try {
    await done(api.DELETE("/api/v1/session"));
    location.assign("/");
  } catch (error) {
    const said = sayOf(error);
    notify({ type: "error", header: said.title, content: said.detail ?? said.hint ?? "" });
  }
}
