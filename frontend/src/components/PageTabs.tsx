/** The parts of a page; which of them is shown stands in the address. */
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";

interface PageTab {
  id: string;
  label: string;
  content: ReactNode;
}

interface PageTabsProps {
  tabs: readonly PageTab[];
  label: string;
  /** What in the address says what the whole page is of. */
  keeps?: readonly string[];
}

export function PageTabs({ tabs, label, keeps = [] }: PageTabsProps) {
  const [params, setParams] = useSearchParams();
  const wanted = params.get("tab");
  const active = tabs.find((tab) => tab.id === wanted) ?? tabs[0];
  return (
    <Tabs
      ariaLabel={label}
      activeTabId={active?.id ?? ""}
      onChange={({ detail }) => {
        // What was asked of one part's list means nothing to another's.
        const next = new URLSearchParams([...params].filter(([key]) => keeps.includes(key)));
        if (detail.activeTabId !== tabs[0]?.id) {
          next.set("tab", detail.activeTabId);
        }
        setParams(next, { replace: true });
      }}
      tabs={tabs.map((tab) => ({ ...tab, content: tab.id === active?.id ? tab.content : null }))}
    />
  );
}
