//! Feeds of operating systems.

use super::{FeedSpec, Layout, MIB, at};

/// Feeds of operating systems.
pub(super) static FEEDS: &[FeedSpec] = &[
    // MSRC: "Security Update Guide API", api.msrc.microsoft.com/cvrf/v3.0/swagger.
    FeedSpec {
        name: "msrc-cvrf",
        publisher: "Microsoft",
        reader: "msrc-cvrf",
        layout: Layout::MsrcMonths {
            list: "https://api.msrc.microsoft.com/cvrf/v3.0/updates",
            documents: "https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/",
        },
        max_bytes: 128 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // MSRC: msrc.microsoft.com/csaf/provider-metadata.json. The same facts as CVRF, one file per vulnerability.
    FeedSpec {
        name: "msrc-csaf",
        publisher: "Microsoft",
        reader: "msrc-csaf",
        layout: Layout::CsafDirectory {
            base: "https://msrc.microsoft.com/csaf/advisories/",
            archive: None,
            deletions: None,
        },
        max_bytes: 32 * MIB,
        every_hours: 24,
        by_default: false,
    },
    // Debian: "Security tracker, JSON", security-tracker.debian.org/tracker/data/json.
    FeedSpec {
        name: "debian-tracker",
        publisher: "Debian",
        reader: "debian-tracker",
        layout: Layout::Fixed(&[at(
            "debian-tracker.json",
            "https://security-tracker.debian.org/tracker/data/json",
        )]),
        max_bytes: 512 * MIB,
        every_hours: 1,
        by_default: true,
    },
    // Canonical: documentation.ubuntu.com/security, "Ubuntu OSV data".
    FeedSpec {
        name: "ubuntu",
        publisher: "Canonical",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-all.tar.xz",
            "https://security-metadata.canonical.com/osv/osv-all.tar.xz",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    // Red Hat: "CSAF VEX documents", security.access.redhat.com/data/csaf/v2/vex/.
    FeedSpec {
        name: "redhat-vex",
        publisher: "Red Hat",
        reader: "redhat-csaf",
        layout: Layout::CsafDirectory {
            base: "https://security.access.redhat.com/data/csaf/v2/vex/",
            archive: Some("archive_latest.txt"),
            deletions: Some("deletions.csv"),
        },
        max_bytes: 1024 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // AlmaLinux: errata.almalinux.org.
    FeedSpec {
        name: "almalinux",
        publisher: "AlmaLinux",
        reader: "almalinux-errata",
        layout: Layout::Fixed(&[
            at(
                "almalinux-8.json",
                "https://errata.almalinux.org/8/errata.full.json",
            ),
            at(
                "almalinux-9.json",
                "https://errata.almalinux.org/9/errata.full.json",
            ),
            at(
                "almalinux-10.json",
                "https://errata.almalinux.org/10/errata.full.json",
            ),
        ]),
        max_bytes: 512 * MIB,
        every_hours: 24,
        by_default: false,
    },
    // OSV: google.github.io/osv.dev/data, "Data dumps".
    FeedSpec {
        name: "osv-almalinux",
        publisher: "AlmaLinux, by OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-almalinux.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/AlmaLinux/all.zip",
        )]),
        max_bytes: 256 * MIB,
        every_hours: 24,
        by_default: true,
    },
    FeedSpec {
        name: "osv-rocky",
        publisher: "Rocky Linux, by OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-rocky.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/all.zip",
        )]),
        max_bytes: 256 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // Oracle: linux.oracle.com/security/oval.
    FeedSpec {
        name: "oracle-oval",
        publisher: "Oracle",
        reader: "oracle-oval",
        layout: Layout::Fixed(&[at(
            "com.oracle.elsa-all.xml.bz2",
            "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2",
        )]),
        max_bytes: 256 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // SUSE: suse.com/support/security/oval.
    FeedSpec {
        name: "suse-oval",
        publisher: "SUSE",
        reader: "suse-oval",
        layout: Layout::Fixed(&[
            at(
                "suse.linux.enterprise.server.12.xml.gz",
                "https://ftp.suse.com/pub/projects/security/oval/suse.linux.enterprise.server.12.xml.gz",
            ),
            at(
                "suse.linux.enterprise.server.15.xml.gz",
                "https://ftp.suse.com/pub/projects/security/oval/suse.linux.enterprise.server.15.xml.gz",
            ),
            at(
                "opensuse.leap.15.5.xml.gz",
                "https://ftp.suse.com/pub/projects/security/oval/opensuse.leap.15.5.xml.gz",
            ),
            at(
                "opensuse.leap.15.6.xml.gz",
                "https://ftp.suse.com/pub/projects/security/oval/opensuse.leap.15.6.xml.gz",
            ),
            at(
                "opensuse.tumbleweed.xml.gz",
                "https://ftp.suse.com/pub/projects/security/oval/opensuse.tumbleweed.xml.gz",
            ),
        ]),
        max_bytes: 256 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // SUSE: suse.com/support/security/csaf.
    FeedSpec {
        name: "suse-csaf",
        publisher: "SUSE",
        reader: "suse-csaf",
        layout: Layout::CsafDirectory {
            base: "https://ftp.suse.com/pub/projects/security/csaf/",
            archive: None,
            deletions: None,
        },
        max_bytes: 64 * MIB,
        every_hours: 24,
        by_default: false,
    },
    // Amazon: the repositories that Amazon Linux itself is configured with.
    FeedSpec {
        name: "amazon",
        publisher: "Amazon",
        reader: "updateinfo",
        layout: Layout::Updateinfo(&[
            at(
                "amazon-2.xml.gz",
                "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list",
            ),
            at(
                "amazon-2023.xml.gz",
                "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list",
            ),
        ]),
        max_bytes: 128 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // Microsoft: github.com/microsoft/AzureLinuxVulnerabilityData.
    FeedSpec {
        name: "azure-linux",
        publisher: "Microsoft",
        reader: "azurelinux-oval",
        layout: Layout::Fixed(&[
            at(
                "azurelinux-3.0-oval.xml",
                "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/azurelinux-3.0-oval.xml",
            ),
            at(
                "cbl-mariner-2.0-oval.xml",
                "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-2.0-oval.xml",
            ),
        ]),
        max_bytes: 256 * MIB,
        every_hours: 24,
        by_default: true,
    },
    // Broadcom: packages.broadcom.com/photon/photon_cve_metadata.
    FeedSpec {
        name: "photon",
        publisher: "Broadcom",
        reader: "photon",
        layout: Layout::Fixed(&[
            at(
                "cve_data_photon3.0.json",
                "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon3.0.json",
            ),
            at(
                "cve_data_photon4.0.json",
                "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon4.0.json",
            ),
            at(
                "cve_data_photon5.0.json",
                "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon5.0.json",
            ),
        ]),
        max_bytes: 64 * MIB,
        every_hours: 24,
        by_default: true,
    },
    ALPINE,
    // Wolfi: packages.wolfi.dev/os/security.json; Chainguard: packages.cgr.dev/chainguard/security.json.
    FeedSpec {
        name: "wolfi",
        publisher: "Chainguard",
        reader: "alpine-secdb",
        layout: Layout::Fixed(&[at(
            "wolfi.json",
            "https://packages.wolfi.dev/os/security.json",
        )]),
        max_bytes: 64 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "chainguard",
        publisher: "Chainguard",
        reader: "alpine-secdb",
        layout: Layout::Fixed(&[at(
            "chainguard.json",
            "https://packages.cgr.dev/chainguard/security.json",
        )]),
        max_bytes: 64 * MIB,
        every_hours: 6,
        by_default: true,
    },
];

/// Alpine: secdb.alpinelinux.org, one document per release and repository.
const ALPINE: FeedSpec = FeedSpec {
    name: "alpine",
    publisher: "Alpine Linux",
    reader: "alpine-secdb",
    layout: Layout::Fixed(&[
        at(
            "v3.10-main.json",
            "https://secdb.alpinelinux.org/v3.10/main.json",
        ),
        at(
            "v3.10-community.json",
            "https://secdb.alpinelinux.org/v3.10/community.json",
        ),
        at(
            "v3.11-main.json",
            "https://secdb.alpinelinux.org/v3.11/main.json",
        ),
        at(
            "v3.11-community.json",
            "https://secdb.alpinelinux.org/v3.11/community.json",
        ),
        at(
            "v3.12-main.json",
            "https://secdb.alpinelinux.org/v3.12/main.json",
        ),
        at(
            "v3.12-community.json",
            "https://secdb.alpinelinux.org/v3.12/community.json",
        ),
        at(
            "v3.13-main.json",
            "https://secdb.alpinelinux.org/v3.13/main.json",
        ),
        at(
            "v3.13-community.json",
            "https://secdb.alpinelinux.org/v3.13/community.json",
        ),
        at(
            "v3.14-main.json",
            "https://secdb.alpinelinux.org/v3.14/main.json",
        ),
        at(
            "v3.14-community.json",
            "https://secdb.alpinelinux.org/v3.14/community.json",
        ),
        at(
            "v3.15-main.json",
            "https://secdb.alpinelinux.org/v3.15/main.json",
        ),
        at(
            "v3.15-community.json",
            "https://secdb.alpinelinux.org/v3.15/community.json",
        ),
        at(
            "v3.16-main.json",
            "https://secdb.alpinelinux.org/v3.16/main.json",
        ),
        at(
            "v3.16-community.json",
            "https://secdb.alpinelinux.org/v3.16/community.json",
        ),
        at(
            "v3.17-main.json",
            "https://secdb.alpinelinux.org/v3.17/main.json",
        ),
        at(
            "v3.17-community.json",
            "https://secdb.alpinelinux.org/v3.17/community.json",
        ),
        at(
            "v3.18-main.json",
            "https://secdb.alpinelinux.org/v3.18/main.json",
        ),
        at(
            "v3.18-community.json",
            "https://secdb.alpinelinux.org/v3.18/community.json",
        ),
        at(
            "v3.19-main.json",
            "https://secdb.alpinelinux.org/v3.19/main.json",
        ),
        at(
            "v3.19-community.json",
            "https://secdb.alpinelinux.org/v3.19/community.json",
        ),
        at(
            "v3.20-main.json",
            "https://secdb.alpinelinux.org/v3.20/main.json",
        ),
        at(
            "v3.20-community.json",
            "https://secdb.alpinelinux.org/v3.20/community.json",
        ),
        at(
            "v3.21-main.json",
            "https://secdb.alpinelinux.org/v3.21/main.json",
        ),
        at(
            "v3.21-community.json",
            "https://secdb.alpinelinux.org/v3.21/community.json",
        ),
        at(
            "v3.22-main.json",
            "https://secdb.alpinelinux.org/v3.22/main.json",
        ),
        at(
            "v3.22-community.json",
            "https://secdb.alpinelinux.org/v3.22/community.json",
        ),
        at(
            "v3.23-main.json",
            "https://secdb.alpinelinux.org/v3.23/main.json",
        ),
        at(
            "v3.23-community.json",
            "https://secdb.alpinelinux.org/v3.23/community.json",
        ),
        at(
            "edge-main.json",
            "https://secdb.alpinelinux.org/edge/main.json",
        ),
        at(
            "edge-community.json",
            "https://secdb.alpinelinux.org/edge/community.json",
        ),
    ]),
    max_bytes: 64 * MIB,
    every_hours: 6,
    by_default: true,
};
