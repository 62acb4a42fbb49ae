/** What tokens of builds have to say, as people write it: a claim with its pattern on each line. */

/** What keeps a text from being claims: a line that is none, a claim without its pattern, or one that is there twice. */
export interface ClaimTrouble {
  kind: "line" | "pattern" | "twice";
  /** The line, or the claim's name. */
  what: string;
}

/** The claims of such a text, or the first thing that is wrong with it. */
export function readClaims(text: string): { claims: Record<string, string> } | { trouble: ClaimTrouble } {
  const claims = new Map<string, string>();
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") {
      continue;
    }
    const at = line.indexOf("=");
    const name = line.slice(0, at).trim();
    const pattern = line.slice(at + 1).trim();
    if (at < 1) {
      return { trouble: { kind: "line", what: line } };
    }
    if (pattern === "") {
      return { trouble: { kind: "pattern", what: name } };
    }
    if (claims.has(name)) {
      return { trouble: { kind: "twice", what: name } };
    }
    claims.set(name, pattern);
  }
  return { claims: Object.fromEntries(claims) };
}

/** The systems that sign tokens for builds, with claims to begin with. Sources: the systems' own documentation of their claims. */
export const BUILD_SYSTEMS = {
  github: { issuer: "https://token.actions.githubusercontent.com", claims: "repository_id=\nref=refs/heads/*" },
  gitlab: { issuer: "https://gitlab.com", claims: "project_id=\nref_protected=true" },
  azure: { issuer: "https://vstoken.dev.azure.com/ORGANISATION_ID", claims: "sub=" },
  other: { issuer: "", claims: "" },
} as const;
