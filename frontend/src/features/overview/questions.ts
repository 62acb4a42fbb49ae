/** What the overview asks of the API. */
import { queryOptions } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { SEVERITIES, type Severity } from "../../domain/severity";

/** Places of which the coverage is looked at. */
const PLACES = 100;
/** Vulnerabilities that are shown first. */
const FIRST = 10;
/** How long an agent may be silent, in milliseconds. */
const SILENT_MS = 2 * 3_600_000;
const WEEK_MS = 7 * 86_400_000;

/** How many vulnerabilities there are of each severity. */
export const severityCounts = queryOptions({
  queryKey: ["overview", "severities"],
  queryFn: async ({ signal }): Promise<Record<Severity, number>> => {
    const counts = SEVERITIES.map(async (severity) => {
      const query = { severity, limit: 1 };
      const page = await answered(api.GET("/api/v1/vulnerabilities", { params: { query }, signal }));
      return [severity, page.total] as const;
    });
    const found = new Map(await Promise.all(counts));
    const of = (severity: Severity) => found.get(severity) ?? 0;
    return { critical: of("critical"), high: of("high"), medium: of("medium"), low: of("low"), unknown: of("unknown") };
  },
});

/** What is known to be exploited, highest risk first. */
export const exploited = queryOptions({
  queryKey: ["overview", "exploited"],
  queryFn: ({ signal }) =>
    answered(
      api.GET("/api/v1/vulnerabilities", { params: { query: { known_exploited: true, limit: FIRST } }, signal }),
    ),
});

/** The highest risks. */
export const highest = queryOptions({
  queryKey: ["overview", "highest"],
  queryFn: ({ signal }) =>
    answered(api.GET("/api/v1/vulnerabilities", { params: { query: { limit: FIRST } }, signal })),
});

/** Hosts, for how many there are and how far they were read. */
export const hosts = queryOptions({
  queryKey: ["overview", "hosts"],
  queryFn: ({ signal }) => answered(api.GET("/api/v1/hosts", { params: { query: { limit: PLACES } }, signal })),
});

/** Images, for the same. */
export const images = queryOptions({
  queryKey: ["overview", "images"],
  queryFn: ({ signal }) => answered(api.GET("/api/v1/images", { params: { query: { limit: PLACES } }, signal })),
});

/** Feeds. */
export const feeds = queryOptions({
  queryKey: ["overview", "feeds"],
  queryFn: ({ signal }) => answered(api.GET("/api/v1/feeds", { signal })),
});

/** Agents that were not heard of for a while. */
export const silentAgents = queryOptions({
  queryKey: ["overview", "agents"],
  queryFn: ({ signal }) => {
    const silent_since = new Date(Date.now() - SILENT_MS).toISOString();
    const query = { state: "active" as const, silent_since, limit: 100 };
    return answered(api.GET("/api/v1/agents", { params: { query }, signal }));
  },
});

/** Registries. */
export const registries = queryOptions({
  queryKey: ["overview", "registries"],
  queryFn: ({ signal }) => answered(api.GET("/api/v1/registries", { params: { query: { limit: 100 } }, signal })),
});

/** Alerts of the last week. */
export const alerts = queryOptions({
  queryKey: ["overview", "alerts"],
  queryFn: ({ signal }) => {
    const since = new Date(Date.now() - WEEK_MS).toISOString();
    return answered(api.GET("/api/v1/alerts", { params: { query: { since, limit: 5 } }, signal }));
  },
});
