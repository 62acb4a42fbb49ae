/** Windows builds: what is behind, and what an image is to be built anew on. */

/** A place of Windows. */
export interface WindowsPlace {
  place: string;
  name: string;
  top_score?: number | null;
  running_containers?: number | null;
}

/** A build of Windows with what is in use of it. */
export interface WindowsBuild {
  build: number;
  base_tag: string;
  revisions: readonly { ubr: number; is_newest: boolean; places: readonly WindowsPlace[] }[];
}

/** An image that is behind. */
export interface Rebuild {
  place: string;
  name: string;
  build: string;
  tag: string;
  running: number | undefined;
  score: number | undefined;
}

/** A build and its revision as Windows writes them. */
export function buildText(build: number, ubr: number): string {
  return `10.0.${build}.${ubr}`;
}

/** Images that are behind, those that run most first: they are to be built anew. */
export function rebuildList(builds: readonly WindowsBuild[]): Rebuild[] {
  const behind = builds.flatMap((one) =>
    one.revisions
      .filter(({ is_newest }) => !is_newest)
      .flatMap(({ ubr, places }) =>
        places
          .filter(({ place }) => place.startsWith("image/"))
          .map(
            (place): Rebuild => ({
              place: place.place,
              name: place.name,
              build: buildText(one.build, ubr),
              tag: one.base_tag,
              running: place.running_containers ?? undefined,
              score: place.top_score ?? undefined,
            }),
          ),
      ),
  );
  return behind.sort((a, b) => (b.running ?? 0) - (a.running ?? 0) || (b.score ?? 0) - (a.score ?? 0));
}
