/** Texts of hosts. */
export const hosts = {
  title: "Hosts",
  description: "Machines whose agents report, highest risk first",
  find: "Find a host, or filter by operating system",
  columns: {
    name: "Host",
    score: "Risk",
    os: "Operating system",
    counts: "Vulnerabilities",
    exploited: "Known exploited",
    fixable: "Fixable",
    exposure: "Exposure",
    coverage: "Coverage",
    packages: "Packages",
    id: "Id",
  },
  filters: { os: "Operating system" },
  empty: "No host reports yet",
  emptyHint:
    "Enrol an agent on a host with an enrolment token. It tells what the host, its images and containers are made of.",
  emptyCommand: "bulkhead-agent enroll --server URL && bulkhead-agent run",
};
