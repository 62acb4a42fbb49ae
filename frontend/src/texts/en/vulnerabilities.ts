/** Texts of the Vulnerability Explorer. */
export const vulnerabilities = {
  nav: "Vulnerabilities",
  title: "Vulnerabilities",
  description: "Ranked by what matters here: how likely, how bad, how exposed",
  find: "Find a CVE, or filter by severity, exploitation, fix",
  columns: {
    id: "Vulnerability",
    score: "Risk",
    severity: "Severity",
    cvss: "CVSS",
    epss: "EPSS",
    facts: "Factors",
    hosts: "Hosts",
    images: "Images",
    running: "Running",
    top: "Worst place",
    exploited: "Known exploited",
    fix: "Fix available",
    places: "Places",
  },
  filters: {
    severity: "Severity",
    exploited: "Known exploited",
    fix: "Fix available",
    place: "Place",
    hosts: "Hosts",
    images: "Images",
  },
  noFeeds: {
    title: "No advisories are loaded, so nothing can be judged",
    hint: "An empty list says nothing yet. Give the server a folder of advisories, or let it download them.",
    action: "Look at the feeds",
  },
  empty: "Nothing was found",
  emptyHint:
    "No place that was read has a vulnerability. If no host or image was read yet, enrol an agent or scan an image.",
  emptyCommand: "bulkhead-agent enroll --server URL && bulkhead-agent run --once",
};
