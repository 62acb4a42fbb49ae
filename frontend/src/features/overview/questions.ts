/** What the overview asks of the API. */
import { queryOptions } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";

/** Vulnerabilities that are shown first. */
const FIRST = 10;
/** How long an agent may be silent, in milliseconds. */
const SILENT_MS = 2 * 3_600_000;
const WEEK_MS = 7 * 86_400_000;

/** How the estate stands, and what came and went since yesterday. */
export const posture = queryOptions({
  queryKey: ["overview", "posture"],
  queryFn: ({ signal }) => answered(api.GET("/api/v1/posture", { signal })),
});

/** How it stood day by day. */
export const trend = (days: number) =>
  queryOptions({
    queryKey: ["overview", "trend", days],
    queryFn: ({ signal }) => answered(api.GET("/api/v1/trend", { params: { query: { days } }, signal })),
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

/** Most agents that are counted; of more it is said that there are at least so many. */
const COUNTED = 500;

/** How many agents were heard of lately, and how many were not. */
export const heard = queryOptions({
  queryKey: ["overview", "heard"],
  queryFn: async ({ signal }) => {
    const query = { state: "active" as const, limit: COUNTED };
    const { agents, next_cursor } = await answered(api.GET("/api/v1/agents", { params: { query }, signal }));
    const since = Date.now() - SILENT_MS;
    const stale = agents.filter(({ last_seen_at }) => Date.parse(last_seen_at) < since).length;
    return { fresh: agents.length - stale, stale, isCut: Boolean(next_cursor) };
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
