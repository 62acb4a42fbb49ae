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
  coverage: "Coverage",
  scanned: "Scanned",
  by: "Sent by",
  software: "Version",
  id: "Scan",
  empty: "No build sent a scan",
  emptyHint: "Name this server in a build. The token is an API key, or the build’s own where it is trusted.",
  command: (server: string) => `bulkhead scan registry:registry.example/shop/web:2 --server ${server}`,
  gone: "There is no such scan",
  goneHint: "Reports of scans are kept for a while. The builds’ newest are in the list.",
  all: "All build scans",
  place: "Show what is known of it now",
  parts: "Parts of the report",
  tabs: { findings: "Findings", remedies: "What to install", coverage: "Coverage", leftOut: "Left out" },
  findFinding: "Find a CVE or package",
  open: "No fix yet",
  noFindings: "Nothing was found in what was read.",
  remedy: { action: "What to do", score: "Highest risk", vulnerabilities: "Vulnerabilities it fixes" },
  findRemedy: "Find a package",
  noRemedies: "There is nothing to install.",
  noneLeftOut: "Everything that was found counts.",
  leftOut: {
    hint: "In no count of this scan, each with what says so",
    reason: "Reason",
    source: "By",
    kinds: { exception: "Exception", vex: "VEX", unfixed: "Option", unknown: "" } as Record<string, string>,
    until: "Until",
    untilFixable: "there is a fix",
  },
  gate: {
    title: "What violates the policy",
    none: "Nothing does.",
    considered: (n: string) => `Findings held against the rules: ${n}`,
    consideredNew: (n: string, before: string) =>
      `Findings held against the rules: ${n}; known from an earlier scan: ${before}`,
    reason: "Why",
    finding: "Finding",
    rule: "Rule",
    policy: "Policy",
    lacking: "What a pass lacks",
    notices: "To be looked after",
  },
  verdictHints: {
    pass: "Scanned whole, and no rule of the policy is violated.",
    violated: "A rule of the policy is violated. Which, stands below.",
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
