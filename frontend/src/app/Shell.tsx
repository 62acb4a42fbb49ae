/** The frame around all pages: top bar, navigation, notices, and what is said while the server is away or the session is over. */
import Flashbar from "@cloudscape-design/components/flashbar";
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { Outlet, useLocation } from "react-router";
import { hasEnded, onEnded } from "../api/session";
import { Loading } from "../components/Loaded";
import { currentNotices, dismiss, onNotices } from "../components/notices";
import { texts } from "../texts";
import { useHealthNotice } from "./health";
import { Navigation } from "./Navigation";
import { TopBar } from "./TopBar";

const SignInAgain = lazy(async () => ({ default: (await import("../features/sign-in/SignInAgain")).SignInAgain }));

/** Wide enough for the navigation to stand beside the page; portal.css says the same. */
const WIDE = "(min-width: 900px)";

export function Shell() {
  const [isOpen, setOpen] = useState(() => matchMedia(WIDE).matches);
  const ended = useSyncExternalStore(onEnded, hasEnded);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: who goes to another page on a narrow screen wants to see it
  useEffect(() => {
    if (!matchMedia(WIDE).matches) {
      setOpen(false);
    }
  }, [pathname]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !matchMedia(WIDE).matches) {
        setOpen(false);
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <a className="skip" href="#content">
        {texts.shell.skip}
      </a>
      <TopBar isNavigationOpen={isOpen} onNavigation={() => setOpen(!isOpen)} />
      <div className={isOpen ? "frame frame-open" : "frame"}>
        {/* Left out where it is closed, so that nobody tabs into what cannot be seen. */}
        {isOpen && (
          <div className="frame-navigation">
            <Navigation />
          </div>
        )}
        <main id="content" tabIndex={-1} className="frame-content">
          <Notices />
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      {ended && (
        <Suspense>
          <SignInAgain />
        </Suspense>
      )}
    </>
  );
}

function Notices() {
  const notices = useSyncExternalStore(onNotices, currentNotices);
  const health = useHealthNotice();
  const items = notices.map((notice) => ({
    id: notice.id,
    type: notice.type === "in-progress" ? ("info" as const) : notice.type,
    loading: notice.type === "in-progress",
    header: notice.header,
    content: notice.content,
    action: notice.action,
    dismissible: notice.type !== "in-progress",
    dismissLabel: texts.shell.dismiss,
    onDismiss: () => dismiss(notice.id),
  }));
  const all = health === undefined ? items : [health, ...items];
  return all.length === 0 ? null : (
    <div className="notices">
      <Flashbar items={all} />
    </div>
  );
}
