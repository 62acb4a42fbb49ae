/** Lists that come as lines (`application/x-ndjson`): put together from pieces, and told apart from the line that ends them early. */

/** Puts lines together from pieces of text that end anywhere. */
export class Lines {
  private rest = "";

  /** The lines that are whole with this piece. */
  take(piece: string): string[] {
    const lines = (this.rest + piece).split("\n");
    this.rest = lines.pop() ?? "";
    return lines.filter((line) => line !== "");
  }

  /** What came after the last line's end. */
  end(): string {
    const rest = this.rest;
    this.rest = "";
    return rest;
  }
}

/** Where a list that broke off goes on. */
export interface BrokenOff {
  cursor: string | undefined;
  detail: string | undefined;
}

/** Whether a row is the last line of a list that broke off: it has `next_cursor` and nothing of a row. */
export function brokenOff(row: unknown): BrokenOff | undefined {
  if (typeof row !== "object" || row === null || !("next_cursor" in row)) {
    return undefined;
  }
  if (Object.keys(row).some((key) => key !== "next_cursor" && key !== "problem")) {
    return undefined;
  }
  const { next_cursor: cursor } = row;
  const problem = "problem" in row ? row.problem : undefined;
  const detail =
    typeof problem === "object" && problem !== null && "detail" in problem && typeof problem.detail === "string"
      ? problem.detail
      : undefined;
  return { cursor: typeof cursor === "string" ? cursor : undefined, detail };
}
