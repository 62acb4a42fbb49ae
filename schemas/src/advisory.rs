//! Advisories: one row says which versions of one package one vulnerability affects, and who said so.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, VulnerabilityId, severity::SeverityRating};

/// Where advisories of a kind live: an ecosystem, and its release where it has releases. Text form `debian:12`,
/// `alpine:v3.18`, `windows:20348`, `npm`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct Ecosystem {
    /// `debian`, `alpine`, `almalinux`, `windows`, `npm`, `pypi`, `nuget`, and others as feeds name them, lower case.
    pub name: String,
    /// The release: Debian `12`, Alpine `v3.18`, AlmaLinux `9`, Windows build `20348`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

impl std::fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.release {
            Some(release) => write!(f, "{}:{release}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// One advisory row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Advisory {
    /// The id it is ranked under: the CVE where there is one, else the advisory's own.
    pub vulnerability: VulnerabilityId,
    /// The advisory's own id, such as `GHSA-…`, `ALSA-…`, `KB5043050`, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// Other ids of the same vulnerability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where it applies.
    pub ecosystem: Ecosystem,
    /// The package's name as the ecosystem's advisories name it (the source package for Debian and Alpine; the
    /// ProductID for Windows).
    pub package: String,
    /// What the vendor says of the package.
    pub status: AdvisoryStatus,
    /// Affected versions. Empty with an open status means every version.
    #[serde(default)]
    pub affected: Vec<VersionEvents>,
    /// Versions affected by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// What only a Windows row has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsRow>,
    /// The stream that the row speaks of, where a release has several lines of one package side by side: an rpm module
    /// (`nodejs:18`) or a topic of Amazon's extras (`kernel-5.15`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Architectures that the row is limited to; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub architectures: Vec<String>,
    /// What a machine needs to get the fix, such as `Ubuntu Pro`; absent when everybody gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// All ratings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratings: Vec<SeverityRating>,
    /// One line that says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// When the fix became available, where the feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_at: Option<Timestamp>,
    /// The document and row it was read from.
    pub source: AdvisorySource,
}

/// What a vendor says of a package and a vulnerability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdvisoryStatus {
    /// Fixed in a version that is named.
    Fixed,
    /// Affected, with no fix yet.
    Open,
    /// Affected, and the vendor will not fix it.
    WillNotFix,
    /// Affected, and the release is no longer supported.
    EndOfLife,
    /// The vendor says that it does not matter for this package (Debian's `unimportant`).
    Unimportant,
    /// Not affected.
    NotAffected,
    /// Not yet decided by the vendor.
    #[serde(other)]
    Undetermined,
}

/// One run of affected versions. Source: OSV schema, `affected[].ranges[].events`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionEvents {
    /// First affected version, `0` for all before the fix.
    pub introduced: String,
    /// First version that is no longer affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// Last affected version, where no fix is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_affected: Option<String>,
}

/// A row of Microsoft's CVRF data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WindowsRow {
    /// ProductID, such as `11572`.
    pub product_id: String,
    /// Product name, such as `Windows Server 2019 (Server Core installation)`.
    pub product: String,
    /// The update that fixes it, such as `KB5043050`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kb: Option<String>,
    /// `FixedBuild` as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_build: Option<String>,
    /// KBs that this one replaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// Whether the row is of the hotpatch line.
    #[serde(default)]
    pub hotpatch: bool,
    /// Whether a restart is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// The component, such as `Windows Print Spooler Components`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
}

/// Where an advisory row was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdvisorySource {
    /// The feed's name, such as `msrc-cvrf` or `debian-tracker`.
    pub feed: String,
    /// The document, such as `2024-Aug` or a file name.
    pub document: String,
    /// Where people read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When the document last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<Timestamp>,
}
