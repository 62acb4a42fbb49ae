/** Places that hold packages: `host/ID`, `image/sha256:…`. */

/** A place, taken apart. */
export interface Place {
  kind: "host" | "image";
  id: string;
}

/** Takes one apart; `undefined` for kinds of a later version. */
export function placeOf(text: string): Place | undefined {
  const slash = text.indexOf("/");
  const kind = text.slice(0, slash);
  const id = text.slice(slash + 1);
  return (kind === "host" || kind === "image") && id !== "" ? { kind, id } : undefined;
}

/** The page about it. */
export function placeAddress(text: string): string {
  const place = placeOf(text);
  return place === undefined ? "/" : `/${place.kind}s/${encodeURIComponent(place.id)}`;
}
