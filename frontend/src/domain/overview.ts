/** What the overview concludes from what the API answers. */

/** A feed as it stands. */
export interface FeedState {
  name: string;
  rows: number;
  loadedAt: string | undefined;
  asOf: string | undefined;
  trouble: "failed" | "held" | "stale" | undefined;
  detail: string | undefined;
}

/** What is asked of a feed. */
interface Feed {
  name: string;
  rows: number;
  as_of?: string | null;
  loaded_at?: string | null;
  checked_at: string;
  last_error?: string | null;
}

/** What is asked of a feed's download. */
interface Download {
  name: string;
  last_error?: string | null;
  held?: readonly string[];
}

/** Older than this is stale, in milliseconds. */
const STALE_MS = 86_400_000;

/** Feeds with what is wrong with them, those with trouble first. */
export function feedStates(feeds: readonly Feed[], downloads: readonly Download[], now: number): FeedState[] {
  const states = feeds.map((feed): FeedState => {
    const download = downloads.find(({ name }) => name === feed.name);
    const looked = Date.parse(feed.checked_at);
    const error = feed.last_error ?? download?.last_error ?? undefined;
    const held = download?.held?.[0];
    const isStale = Number.isNaN(looked) || now - looked > STALE_MS;
    return {
      name: feed.name,
      rows: feed.rows,
      loadedAt: feed.loaded_at ?? undefined,
      asOf: feed.as_of ?? undefined,
      trouble: error !== undefined ? "failed" : held !== undefined ? "held" : isStale ? "stale" : undefined,
      detail: error ?? held,
    };
  });
  // Downloads whose documents never came are no feeds yet, and in trouble all the same.
  const missing = downloads.filter(({ name, last_error }) => last_error && !feeds.some((feed) => feed.name === name));
  const lost = missing.map(
    ({ name, last_error }): FeedState => ({
      name,
      rows: 0,
      loadedAt: undefined,
      asOf: undefined,
      trouble: "failed",
      detail: last_error ?? undefined,
    }),
  );
  return [...lost, ...states].sort((a, b) => Number(b.trouble !== undefined) - Number(a.trouble !== undefined));
}
