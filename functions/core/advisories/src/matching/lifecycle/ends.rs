//! The last days of security support, distribution by distribution.
//!
//! The source of each table is its publisher's page, read itself or as `endoflife.date` records it. A date that could
//! not be confirmed so is left out.

/// Release and last day of support for everybody.
pub(super) type Ends = &'static [(&'static str, &'static str)];

/// Debian, with its long-term support, which is for everybody. Source: `debian.csv` of the package `distro-info-data`,
/// columns `eol-lts` and, where there is none, `eol`.
pub(super) const DEBIAN: Ends = &[
    ("4", "2010-02-15"),
    ("5", "2012-02-06"),
    ("6", "2016-02-29"),
    ("7", "2018-05-31"),
    ("8", "2020-06-30"),
    ("9", "2022-06-30"),
    ("10", "2024-06-30"),
    ("11", "2026-08-31"),
    ("12", "2028-06-30"),
    ("13", "2030-06-30"),
];

/// Ubuntu, interim releases as well. Source: `ubuntu.csv` of the package `distro-info-data`, columns `eol-server` and,
/// where there is none, `eol`.
pub(super) const UBUNTU: Ends = &[
    ("10.04", "2015-04-30"),
    ("10.10", "2012-04-10"),
    ("11.04", "2012-10-28"),
    ("11.10", "2013-05-09"),
    ("12.04", "2017-04-28"),
    ("12.10", "2014-05-16"),
    ("13.04", "2014-01-27"),
    ("13.10", "2014-07-17"),
    ("14.04", "2019-04-25"),
    ("14.10", "2015-07-23"),
    ("15.04", "2016-02-04"),
    ("15.10", "2016-07-28"),
    ("16.04", "2021-04-30"),
    ("16.10", "2017-07-20"),
    ("17.04", "2018-01-13"),
    ("17.10", "2018-07-19"),
    ("18.04", "2023-05-31"),
    ("18.10", "2019-07-18"),
    ("19.04", "2020-01-23"),
    ("19.10", "2020-07-17"),
    ("20.04", "2025-05-29"),
    ("20.10", "2021-07-22"),
    ("21.04", "2022-01-20"),
    ("21.10", "2022-07-14"),
    ("22.04", "2027-06-01"),
    ("22.10", "2023-07-20"),
    ("23.04", "2024-01-25"),
    ("23.10", "2024-07-11"),
    ("24.04", "2029-05-31"),
    ("24.10", "2025-07-10"),
    ("25.04", "2026-01-15"),
    ("25.10", "2026-07-09"),
    ("26.04", "2031-05-29"),
    ("26.10", "2027-07-15"),
];

/// Ubuntu with extended security maintenance, for places that show that they get it. The years after it (column
/// `eol-legacy`) are bought on top of it, which nothing in a place shows. Source: as above, column `eol-esm`.
pub(super) const UBUNTU_PRO: Ends = &[
    ("12.04", "2019-04-26"),
    ("14.04", "2024-04-25"),
    ("16.04", "2026-04-23"),
    ("18.04", "2028-04-26"),
    ("20.04", "2030-04-23"),
    ("22.04", "2032-04-21"),
    ("24.04", "2034-04-25"),
    ("26.04", "2036-04-23"),
];

/// Alpine. Source: `alpinelinux.org/releases`, column "End of support".
pub(super) const ALPINE: Ends = &[
    ("v3.0", "2016-05-01"),
    ("v3.1", "2016-11-01"),
    ("v3.2", "2017-05-01"),
    ("v3.3", "2017-11-01"),
    ("v3.4", "2018-05-01"),
    ("v3.5", "2018-11-01"),
    ("v3.6", "2019-05-01"),
    ("v3.7", "2019-11-01"),
    ("v3.8", "2020-05-01"),
    ("v3.9", "2020-11-01"),
    ("v3.10", "2021-05-01"),
    ("v3.11", "2021-11-01"),
    ("v3.12", "2022-05-01"),
    ("v3.13", "2022-11-01"),
    ("v3.14", "2023-05-01"),
    ("v3.15", "2023-11-01"),
    ("v3.16", "2024-05-23"),
    ("v3.17", "2024-11-22"),
    ("v3.18", "2025-05-09"),
    ("v3.19", "2025-11-01"),
    ("v3.20", "2026-04-01"),
    ("v3.21", "2026-11-01"),
    ("v3.22", "2027-05-01"),
    ("v3.23", "2027-11-01"),
    ("v3.24", "2028-06-01"),
];

/// AlmaLinux, security support. Source: `endoflife.date/almalinux`, after `wiki.almalinux.org/release-notes`.
pub(super) const ALMALINUX: Ends = &[
    ("8", "2029-03-01"),
    ("9", "2032-05-31"),
    ("10", "2035-05-31"),
];

/// Rocky Linux. Source: `wiki.rockylinux.org/rocky/version`, column "End of Life".
pub(super) const ROCKY: Ends = &[
    ("8", "2029-05-31"),
    ("9", "2032-05-31"),
    ("10", "2035-05-31"),
];

/// Red Hat Enterprise Linux, the end of maintenance support: what follows is sold on top. Source:
/// `access.redhat.com/support/policy/updates/errata`.
pub(super) const REDHAT: Ends = &[
    ("4", "2012-02-29"),
    ("5", "2017-03-31"),
    ("6", "2020-11-30"),
    ("7", "2024-06-30"),
    ("8", "2029-05-31"),
    ("9", "2032-05-31"),
    ("10", "2035-05-31"),
];

/// CentOS Linux, which is judged by Red Hat's data and ended earlier. Source: `wiki.centos.org/About/Product` and
/// `endoflife.date/centos`.
pub(super) const CENTOS: Ends = &[
    ("5", "2017-03-31"),
    ("6", "2020-11-30"),
    ("7", "2024-06-30"),
    ("8", "2021-12-31"),
];

/// CentOS Stream. Of 10 only the year is published. Source: `centos.org/cl-vs-cs` and `endoflife.date/centos-stream`.
pub(super) const CENTOS_STREAM: Ends = &[("8", "2024-05-31"), ("9", "2027-05-31")];

/// Oracle Linux, premier support. Oracle names months, and this is their last day. Source: "Oracle Lifetime Support
/// Policy: Oracle Linux and Oracle VM" (`oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf`).
pub(super) const ORACLE: Ends = &[
    ("5", "2017-06-30"),
    ("6", "2021-03-31"),
    ("7", "2024-12-31"),
    ("8", "2029-07-31"),
    ("9", "2032-06-30"),
    ("10", "2035-06-30"),
];

/// Amazon Linux. Source: "Release cadence" of `docs.aws.amazon.com/linux/al2023`, the FAQs of Amazon Linux 2, and
/// `endoflife.date/amazon-linux` for the first.
pub(super) const AMAZON: Ends = &[
    ("1", "2023-12-31"),
    ("2", "2026-06-30"),
    // A preview of 2023, which took its place in that month.
    ("2022", "2023-03-31"),
    ("2023", "2029-06-30"),
];

/// SUSE Linux Enterprise Server and Desktop, general support: long-term support is sold on top. Source:
/// `suse.com/lifecycle`; of 15.4 and later also the end dates in `SUSE/BCI-dockerfile-generator`.
pub(super) const SLES: Ends = &[
    ("11", "2010-12-31"),
    ("11.1", "2012-08-31"),
    ("11.2", "2014-01-31"),
    ("11.3", "2016-01-31"),
    ("11.4", "2019-03-31"),
    ("12", "2016-06-30"),
    ("12.1", "2017-05-31"),
    ("12.2", "2018-03-31"),
    ("12.3", "2019-06-30"),
    ("12.4", "2020-06-30"),
    ("12.5", "2024-10-31"),
    ("15", "2019-12-31"),
    ("15.1", "2021-01-31"),
    ("15.2", "2021-12-31"),
    ("15.3", "2022-12-31"),
    ("15.4", "2023-12-31"),
    ("15.5", "2024-12-31"),
    ("15.6", "2025-12-31"),
    ("15.7", "2031-07-31"),
    ("16.0", "2027-11-30"),
    ("16.1", "2028-11-30"),
];

/// SUSE Linux Enterprise Micro 5 and SUSE Linux Micro 6. Source: `suse.com/lifecycle`, column "General Ends".
pub(super) const SLE_MICRO: Ends = &[
    ("5.0", "2022-03-31"),
    ("5.1", "2025-10-31"),
    ("5.2", "2026-04-30"),
    ("5.3", "2026-10-30"),
    ("5.4", "2027-04-30"),
    ("5.5", "2027-10-31"),
    ("6.0", "2028-06-30"),
    ("6.1", "2028-11-30"),
    ("6.2", "2029-11-30"),
];

/// openSUSE Leap. Source: `en.opensuse.org/Lifetime`.
pub(super) const OPENSUSE_LEAP: Ends = &[
    ("42.1", "2017-05-17"),
    ("42.2", "2018-01-26"),
    ("42.3", "2019-07-01"),
    ("15.0", "2019-12-03"),
    ("15.1", "2021-02-02"),
    ("15.2", "2022-01-04"),
    ("15.3", "2022-12-31"),
    ("15.4", "2023-12-07"),
    ("15.5", "2024-12-31"),
    ("15.6", "2026-04-30"),
    ("16.0", "2027-10-31"),
];

/// CBL-Mariner 1 and 2, Azure Linux 2 and 3. Of 3.0 Microsoft says "summer of 2027". Source:
/// `endoflife.date/azure-linux`, after `learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle`.
pub(super) const AZURE: Ends = &[
    ("1.0", "2023-08-31"),
    ("2.0", "2025-07-31"),
    ("3.0", "2027-08-31"),
];

/// Photon OS; of 5.0 no end is published. Source: "Photon 1.x – End of Support Announcement" (`blogs.vmware.com`) for 1.0
/// and 2.0, and for the others their maintainers in pull request 9025 of `endoflife-date/endoflife.date`.
pub(super) const PHOTON: Ends = &[
    ("1.0", "2022-02-28"),
    ("2.0", "2022-12-31"),
    ("3.0", "2025-10-02"),
    ("4.0", "2027-10-11"),
];
