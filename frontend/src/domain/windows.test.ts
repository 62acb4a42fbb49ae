/** The list of what is to be built anew. */
import { expect, test } from "vitest";
import { buildText, rebuildList } from "./windows";

test("images that are behind are to be built anew, those that run first; hosts and what is newest are not", () => {
  const list = rebuildList([
    {
      build: 20348,
      base_tag: "10.0.20348.2700",
      revisions: [
        {
          ubr: 2400,
          is_newest: false,
          places: [
            { place: "image/sha256:a", name: "quiet", top_score: 90 },
            { place: "image/sha256:b", name: "busy", top_score: 50, running_containers: 7 },
            { place: "host/h-1", name: "host" },
          ],
        },
        { ubr: 2700, is_newest: true, places: [{ place: "image/sha256:c", name: "new" }] },
      ],
    },
  ]);
  expect(list.map(({ name, build, tag }) => [name, build, tag])).toEqual([
    ["busy", "10.0.20348.2400", "10.0.20348.2700"],
    ["quiet", "10.0.20348.2400", "10.0.20348.2700"],
  ]);
  expect(rebuildList([])).toEqual([]);
  expect(buildText(17763, 0)).toBe("10.0.17763.0");
});
