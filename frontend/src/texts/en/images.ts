/** Texts of images. */
export const images = {
  title: "Images",
  description: "What hosts hold and registries offer, highest risk first",
  find: "Find an image by name or tag, or filter by operating system",
  columns: {
    name: "Image",
    score: "Risk",
    os: "Operating system",
    counts: "Vulnerabilities",
    exploited: "Known exploited",
    fixable: "Fixable",
    running: "Running containers",
    coverage: "Coverage",
    packages: "Packages",
    id: "Digest",
  },
  filters: { os: "Operating system" },
  empty: "No image was read yet",
  emptyHint: "Set up a registry, let an agent read a host's container engine, or have one image read now.",
  emptyCommand: "bulkhead scan registry:HOST/REPOSITORY:TAG --server URL",
};
