/** Texts of scans in builds and of the policy that they are held against. */
export const scans = {
  title: "Build scans",
  description: "What builds scanned and sent, the newest first",
  find: "Find a target or filter",
  target: "What was scanned",
  kinds: { host: "Host", image: "Image", folder: "Folder", unknown: "unknown" } as Record<string, string>,
  kind: "Kind",
  verdict: "Gate",
  verdicts: {
    pass: "Passed",
    violated: "Not passed: violated",
    not_fully_scanned: "Not passed: not fully scanned",
    unknown: "unknown",
  } as Record<string, string>,
  noVerdict: "No policy",
  findings: "Findings",
  exploited: "Known exploited",
  fixable: "Fixable",
  suppressed: "Left out",
  cannotJudge: "Cannot be judged",
  coverage: "Coverage",
  received: "Received",
  scanned: "Scanned",
  by: "Sent by",
  software: "Version",
  id: "Scan",
  empty: "No build sent a scan",
  emptyHint: "Name this server in a build. The token is an API key, or the build’s own where it is trusted.",
  command: (server: string) => `bulkhead scan registry:registry.example/shop/web:2 --server ${server}`,
  gone: "There is no such scan among the last ones",
  goneHint: "Scans are kept for a while, the newest first.",
  all: "All build scans",
  place: "Show what is known of it now",
  verdictHints: {
    pass: "Scanned whole, and no rule of the policy is violated.",
    violated: "A rule of the policy is violated. The report of the build says which.",
    not_fully_scanned: "Not all of it was read or could be judged. It must not be taken for clean.",
  } as Record<string, string>,
  noVerdictHint: "It was held against no policy. Set one, and builds are told.",
  toPolicy: "The policy",
};

export const policies = {
  title: "Build policy",
  description: "What scans in builds are held against. Nothing given beside a scan weakens it.",
  form: "Written as",
  forms: { toml: "TOML", yaml: "YAML" },
  text: "The policy",
  textHint:
    "Rules, grace periods and exceptions, as bulkhead scan --policy reads them. A mistyped key is refused, so that it weakens nothing.",
  none: "No policy is set",
  noneHint:
    "Scans in builds pass whatever is found, unless the build brings a policy of its own. What stands here is one to begin with.",
  save: "Set the policy",
  saved: "The policy is set. The next scan of each build is held against it.",
  updated: "Set",
  by: "by",
  first: `version = 1
only_fixable = true                # what nobody can fix yet is shown and does not fail

[fail_on]                          # each is a rule of its own
severity = "critical"
kev = true

[grace_days]                       # from the day the fix came
critical = 7
high = 30
`,
};
