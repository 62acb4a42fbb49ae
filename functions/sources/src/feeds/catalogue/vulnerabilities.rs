//! Feeds of facts about vulnerabilities themselves: exploitation, probability, scores.

use super::{FeedSpec, Layout, MIB, at};

/// Feeds of facts about vulnerabilities.
pub(super) static FEEDS: &[FeedSpec] = &[
    // CISA: cisa.gov/known-exploited-vulnerabilities-catalog.
    FeedSpec {
        name: "cisa-kev",
        publisher: "CISA",
        reader: "cisa-kev",
        layout: Layout::Fixed(&[at(
            "cisa-kev.json",
            "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        )]),
        max_bytes: 64 * MIB,
        every_hours: 6,
        by_default: true,
    },
    // FIRST: first.org/epss/data_stats.
    FeedSpec {
        name: "epss",
        publisher: "FIRST",
        reader: "epss",
        layout: Layout::Fixed(&[at(
            "epss.csv.gz",
            "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        )]),
        max_bytes: 64 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // NVD: nvd.nist.gov/vuln/data-feeds, "JSON 2.0 feeds".
    FeedSpec {
        name: "nvd",
        publisher: "NIST",
        reader: "nvd",
        layout: Layout::Years {
            prefix: "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-",
            suffix: ".json.gz",
            first: 2002,
        },
        max_bytes: 256 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // CVE Program: github.com/CVEProject/cvelistV5. Large, and Vulnrichment has what a score needs of it.
    FeedSpec {
        name: "cvelist",
        publisher: "CVE Program",
        reader: "cve-record",
        layout: Layout::Fixed(&[at(
            "cvelist.zip",
            "https://github.com/CVEProject/cvelistV5/archive/refs/heads/main.zip",
        )]),
        max_bytes: 4096 * MIB,
        every_hours: 24,
        by_default: false,
    },
    // CISA: github.com/cisagov/vulnrichment.
    FeedSpec {
        name: "vulnrichment",
        publisher: "CISA",
        reader: "cve-record",
        layout: Layout::Fixed(&[at(
            "vulnrichment.tar.gz",
            "https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.tar.gz",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // OffSec: gitlab.com/exploit-database/exploitdb.
    FeedSpec {
        name: "exploit-db",
        publisher: "OffSec",
        reader: "exploit-db",
        layout: Layout::Fixed(&[at(
            "files_exploits.csv",
            "https://gitlab.com/exploit-database/exploitdb/-/raw/main/files_exploits.csv",
        )]),
        max_bytes: 128 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // Rapid7: github.com/rapid7/metasploit-framework, db/modules_metadata_base.json.
    FeedSpec {
        name: "metasploit",
        publisher: "Rapid7",
        reader: "metasploit",
        layout: Layout::Fixed(&[at(
            "modules_metadata_base.json",
            "https://raw.githubusercontent.com/rapid7/metasploit-framework/master/db/modules_metadata_base.json",
        )]),
        max_bytes: 128 * MIB,
        every_hours: 24,
        by_default: true,
    },
];
