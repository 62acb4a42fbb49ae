/** "Are we affected?": a CVE, an image or a host, typed anywhere, answered while it is typed. */
import Autosuggest, { type AutosuggestProps } from "@cloudscape-design/components/autosuggest";
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { Schema } from "../api/types";
import { typedCve } from "../domain/cve";
import { count, score } from "../domain/format";
import { visible } from "../domain/outside";
import { severityOf } from "../domain/severity";
import { texts } from "../texts";
import { type Found, useSearch } from "./lookUp";

export function Search() {
  const [typed, setTyped] = useState("");
  const { found, isLooking, failed, retry } = useSearch(typed);
  const navigate = useNavigate();
  const field = useRef<AutosuggestProps.Ref>(null);
  const isChosen = useRef(false);
  const words = texts.shell.search;

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting(event.target)) {
        event.preventDefault();
        field.current?.focus();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  const go = (chosen: string | undefined, text: string): void => {
    if (chosen !== NOTHING) {
      setTyped("");
      void navigate(chosen ?? `/vulnerabilities?search=${encodeURIComponent(typedCve(text) ?? text.trim())}`);
    }
  };
  const options = found === undefined ? [] : optionsOf(found);
  return (
    <Autosuggest
      ref={field}
      value={typed}
      onChange={({ detail }) => setTyped(detail.value)}
      onSelect={({ detail }) => {
        isChosen.current = true;
        go(detail.selectedOption?.value, detail.value);
      }}
      onKeyDown={({ detail }) => {
        if (detail.key === "Escape") {
          setTyped("");
        }
        if (detail.key === "Enter" && typed.trim() !== "") {
          // The key may also choose an option, which is told after this.
          isChosen.current = false;
          setTimeout(() => {
            if (!isChosen.current) {
              go(exactly(found), typed);
            }
          });
        }
      }}
      options={options}
      filteringType="manual"
      enteredTextLabel={words.entered}
      placeholder={words.placeholder}
      ariaLabel={words.label}
      statusType={failed ? "error" : isLooking ? "loading" : "finished"}
      loadingText={words.looking}
      errorText={words.failed}
      recoveryText={texts.common.tryAgain}
      onLoadItems={() => {
        if (failed) {
          retry();
        }
      }}
      empty={found === undefined ? undefined : words.nothing}
      clearAriaLabel={texts.common.list.clear}
      expandToViewport
    />
  );
}

/** The value of an answer that leads nowhere. */
const NOTHING = "nothing";

/** The page of the vulnerability whose id was typed whole. */
function exactly(found: Found | undefined): string | undefined {
  return found?.exact === undefined ? undefined : pageOf(found.exact.id);
}

function pageOf(id: string): string {
  return `/vulnerabilities/${encodeURIComponent(id)}`;
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target instanceof HTMLInputElement ||
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement)
  );
}

function optionsOf(found: Found): AutosuggestProps.Options {
  const words = texts.shell.search;
  const groups: AutosuggestProps.OptionGroup[] = [];
  const risks = [...answerOf(found), ...found.vulnerabilities.map(riskOf)];
  if (risks.length > 0) {
    groups.push({ label: words.vulnerabilities, options: risks });
  }
  if (found.hosts.length > 0) {
    groups.push({
      label: words.hostsGroup,
      options: found.hosts.map((row) => ({
        value: `/hosts/${encodeURIComponent(row.id)}`,
        label: visible(row.name).slice(0, 120),
        ...(row.os ? { description: visible(row.os).slice(0, 120) } : {}),
      })),
    });
  }
  if (found.images.length > 0) {
    groups.push({
      label: words.imagesGroup,
      options: found.images.map((row) => ({
        value: `/images/${encodeURIComponent(row.id)}`,
        label: visible(row.name).slice(0, 120),
        ...(row.os ? { description: visible(row.os).slice(0, 120) } : {}),
      })),
    });
  }
  return groups;
}

/** What is said to somebody who typed a whole CVE. */
function answerOf({ cve, exact, hasFeeds }: Found): AutosuggestProps.Option[] {
  const words = texts.shell.search;
  if (exact !== undefined) {
    return [
      {
        value: pageOf(exact.id),
        label: visible(exact.id),
        labelTag: words.score(score(exact.places[0]?.score.value ?? 0)),
        description: words.affectedPlaces(exact.total_places, count(exact.total_places)),
        tags: tagsOf(exact.facts.severity ?? "unknown", exact.facts.known_exploited === true),
        iconName: "status-negative",
      },
    ];
  }
  if (cve === undefined) {
    return [];
  }
  return [
    {
      value: NOTHING,
      label: hasFeeds ? words.notAffected(cve) : words.noFeeds,
      description: words.notAffectedHint,
      iconName: hasFeeds ? "status-positive" : "status-warning",
    },
  ];
}

function riskOf(row: Schema<"VulnerabilityRow">): AutosuggestProps.Option {
  const words = texts.shell.search;
  return {
    value: pageOf(row.id),
    label: visible(row.id),
    labelTag: words.score(score(row.score)),
    description: words.affected(words.hosts(row.hosts, count(row.hosts)), words.images(row.images, count(row.images))),
    tags: tagsOf(row.severity, row.known_exploited),
  };
}

function tagsOf(severity: string, isExploited: boolean): string[] {
  return [texts.common.severity[severityOf(severity)], ...(isExploited ? [texts.common.chips.knownExploited] : [])];
}
