/** What lists of hosts and images can be asked for. */
import type { ListFilter } from "../../domain/listQuery";
import { SEVERITIES } from "../../domain/severity";
import { texts } from "../../texts";

/** How far a place can have been read. */
const COVERAGES = ["complete", "partial", "unsupported"] as const;

/** The filters of both lists; `os` says what the operating system is called. */
export function placeFilters(os: string): ListFilter[] {
  const words = texts.places.filters;
  return [
    { key: "os", label: os, kind: "text" },
    {
      key: "severity",
      label: words.severity,
      kind: "words",
      several: true,
      words: SEVERITIES.map((word) => ({ word, label: texts.common.severity[word] })),
    },
    {
      key: "coverage",
      label: words.coverage,
      kind: "words",
      words: COVERAGES.map((word) => ({ word, label: texts.common.coverage[word] ?? word })),
    },
    { key: "exposed", label: words.exposed, kind: "yesno" },
  ];
}
