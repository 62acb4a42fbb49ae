/** What tokens of builds have to say, as people write it: a claim with its pattern on each line. */

/** The claims of such a text; absent where a line is none. */
export function claimsOf(text: string): Record<string, string> | undefined {
  const claims: Record<string, string> = {};
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") {
      continue;
    }
    const at = line.indexOf("=");
    const name = line.slice(0, at).trim();
    const pattern = line.slice(at + 1).trim();
    if (at < 1 || pattern === "" || name in claims) {
      return undefined;
    }
    claims[name] = pattern;
  }
  return claims;
}

/** The systems that sign tokens for builds, with claims to begin with. Sources: the systems' own documentation of their claims. */
export const BUILD_SYSTEMS = {
  github: { issuer: "https://token.actions.githubusercontent.com", claims: "repository_id=\nref=refs/heads/*" },
  gitlab: { issuer: "https://gitlab.com", claims: "project_id=\nref_protected=true" },
  azure: { issuer: "https://vstoken.dev.azure.com/ORGANISATION_ID", claims: "sub=" },
  other: { issuer: "", claims: "" },
} as const;
