/** Lines of an image's history, as a Dockerfile has them. Source: what `docker build`, BuildKit and Windows builds write. */

/** A step of a build: the instruction and what it was given. */
export interface Instruction {
  /** Such as `RUN`; absent where the line does not tell. */
  word: string | undefined;
  text: string;
}

/** Instructions that can begin a line. Source: the Dockerfile reference. */
const WORDS =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)(?:\s([\s\S]*))?$/;
/** What the classic builder writes behind the shell and before an instruction that runs nothing. */
const NOTHING_RUN = "#(nop)";
/** Most characters of the shell before it. */
const MOST_SHELL = 200;
/** What BuildKit writes behind each line. */
const BUILDKIT = "# buildkit";
/** How many arguments a build had, and the arguments, before what is run. */
const ARGUMENTS = /^\|\d+\s[\s\S]*?(?=\/bin\/(?:ba)?sh\s-|cmd\s\/S|powershell)/i;
/** A shell that runs the rest. */
const SHELL =
  /^(?:\/bin\/(?:ba|a)?sh (?:-o pipefail )?-e?[ou]?x?c|cmd \/S \/C|powershell(?:\.exe)?(?: -NoLogo| -NoProfile)* -Command)\s+/i;

/** Takes a line apart. What is not understood stays whole. */
export function instructionOf(line: string): Instruction {
  // By places and not by patterns, which a line of nothing but spaces would keep busy.
  const whole = line.trim();
  const written = whole.endsWith(BUILDKIT) ? whole.slice(0, -BUILDKIT.length).trimEnd() : whole;
  const nothing = written.slice(0, MOST_SHELL).indexOf(NOTHING_RUN);
  const text = nothing === -1 ? written : written.slice(nothing + NOTHING_RUN.length).trim();
  const found = WORDS.exec(text);
  const word = found?.[1];
  const rest = (found === null ? text : (found[2] ?? "")).trim();
  if (word !== undefined && word !== "RUN") {
    return { word, text: rest };
  }
  const run = rest.replace(ARGUMENTS, "");
  const bare = run.replace(SHELL, "");
  return { word: word ?? (bare === run ? undefined : "RUN"), text: bare.trim() };
}
