/** What the search of the top bar asks. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answered } from "../api/client";
import { api, problemIn } from "../api/portal";
import type { Schema } from "../api/types";
import { useMay } from "../components/session";
import { typedCve } from "../domain/cve";

/** How long somebody stops typing before it is asked, in milliseconds: the pause between two keys of a slow typist. */
const PAUSE_MS = 200;
/** Fewer characters say nothing. */
const FEWEST = 2;

/** What was found. */
export interface Found {
  /** The text that it was found for. */
  text: string;
  /** The CVE that the text names. */
  cve: string | undefined;
  /** The very vulnerability that was typed, where some place has it. */
  exact: Schema<"VulnerabilityDetail"> | undefined;
  /** Those whose id contains the text, without the one that was typed. */
  vulnerabilities: readonly Schema<"VulnerabilityRow">[];
  images: readonly Schema<"ImageRow">[];
  hosts: readonly Schema<"HostRow">[];
  /** Whether anything is known of vulnerabilities at all. */
  hasFeeds: boolean;
}

/** Looks for a text while it is typed. */
export function useSearch(typed: string): {
  found: Found | undefined;
  isLooking: boolean;
  failed: boolean;
  retry: () => void;
} {
  const text = typed.trim().slice(0, 200);
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const may = useMay();
  const seesRisk = may("vulnerabilities.read");
  const seesHosts = may("hosts.read");
  const isLong = settled.length >= FEWEST;
  const query = useQuery({
    queryKey: ["search", settled, seesRisk, seesHosts],
    enabled: isLong,
    queryFn: ({ signal }) => look(settled, seesRisk, seesHosts, signal),
    staleTime: 30_000,
  });
  return {
    found: isLong && query.data?.text === settled && settled === text ? query.data : undefined,
    isLooking: text.length >= FEWEST && (settled !== text || query.isFetching),
    failed: query.isError && settled === text,
    retry: () => void query.refetch(),
  };
}

async function look(text: string, seesRisk: boolean, seesHosts: boolean, signal: AbortSignal): Promise<Found> {
  const cve = typedCve(text);
  const search = cve ?? text;
  // Who asks for a CVE does not ask for an image that is called like it.
  const byName = cve === undefined;
  const [exact, risks, images, hosts] = await Promise.all([
    seesRisk && cve !== undefined ? oneOrNone(cve, signal) : undefined,
    seesRisk
      ? answered(api.GET("/api/v1/vulnerabilities", { params: { query: { search, limit: 6 } }, signal }))
      : undefined,
    seesRisk && byName
      ? answered(api.GET("/api/v1/images", { params: { query: { search, limit: 4 } }, signal }))
      : undefined,
    seesHosts && byName
      ? answered(api.GET("/api/v1/hosts", { params: { query: { search, limit: 4 } }, signal }))
      : undefined,
  ]);
  return {
    text,
    cve,
    exact,
    vulnerabilities: (risks?.vulnerabilities ?? []).filter(({ id }) => id !== cve),
    images: images?.images ?? [],
    hosts: hosts?.hosts ?? [],
    hasFeeds: risks?.feeds_loaded ?? true,
  };
}

/** One vulnerability. The list is sought by parts of ids, among which the one that is meant may not come first. */
async function oneOrNone(id: string, signal: AbortSignal): Promise<Schema<"VulnerabilityDetail"> | undefined> {
  try {
    const params = { path: { id }, query: { limit: 1 } };
    return await answered(api.GET("/api/v1/vulnerabilities/{id}", { params, signal }));
  } catch (error) {
    if (problemIn(error)?.problem.status === 404) {
      return undefined;
    }
    throw error;
  }
}
