//! A finding: a vulnerability in a place, with the evidence that it is there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Digest, ExceptionId, Severity, Timestamp, VulnerabilityId,
    advisory::{AdvisorySource, AdvisoryStatus, Ecosystem, VersionEvents},
    risk::{Deadline, FactorSet, Score},
    severity::SeverityRating,
};

/// A vulnerability in a place. Flat, so that scripts can read it; `evidence` says why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// CVE id, or the advisory's own where there is none.
    pub vulnerability: VulnerabilityId,
    /// Name of the installed package; for Windows itself the product's name.
    pub package: String,
    /// purl of the installed package; absent for Windows itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Installed version; `10.0.BUILD.UBR` for Windows itself.
    pub installed_version: String,
    /// First version that is fixed; absent when there is none yet.
    #[serde(default)]
    pub fixed_version: Option<String>,
    /// Severity used.
    pub severity: Severity,
    /// Which rating the severity was taken from, and all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratings: Vec<SeverityRating>,
    /// Known to be exploited: in CISA's catalogue, or by the vendor's word.
    pub kev: bool,
    /// EPSS probability, 0 to 1; absent when not known.
    #[serde(default)]
    pub epss: Option<f32>,
    /// EPSS percentile, 0 to 1: the share of vulnerabilities with a probability no higher; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss_percentile: Option<f32>,
    /// The update that fixes it on Windows, such as `KB5043050`.
    #[serde(default)]
    pub kb: Option<String>,
    /// What the vendor says.
    pub status: AdvisoryStatus,
    /// Where a Windows finding is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_at: Option<FixAt>,
    /// Path of the package's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Layer that brought the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Digest>,
    /// Whether that layer is of the base image; absent when the base image is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_base_image: Option<bool>,
    /// When the fix became available, as far as the advisory says: grace periods count from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_at: Option<Timestamp>,
    /// One line that says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Why this is a finding.
    pub evidence: MatchEvidence,
    /// The risk score, where the place's facts are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// The exception that hides it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excepted_by: Option<ExceptionId>,
    /// What makes it worse here, or lets it be mended, where the place's facts are known.
    #[serde(default, skip_serializing_if = "FactorSet::is_empty")]
    pub factors: FactorSet,
    /// Until when it is to be mended, where the place's facts are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// Where a finding of Windows is fixed, and with what, where the place's facts are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<FixedIn>,
}

/// Where a finding of Windows is fixed, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FixedIn {
    /// On hosts, in the image, or in both.
    pub at: FixAt,
    /// The update for hosts, such as `KB5043050`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kb: Option<String>,
    /// The first build that is fixed, `10.0.BUILD.UBR`: of a host, and of the base that an image is to be built anew on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// What to do, for people.
    pub advice: String,
}

/// Where a Windows vulnerability is fixed for containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FixAt {
    /// On the host: kernel and drivers under process isolation.
    Host,
    /// In the image.
    Image,
    /// In both.
    Both,
    /// Not known.
    #[serde(other)]
    Unknown,
}

/// Why a package matched an advisory row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatchEvidence {
    /// The advisory's shard.
    pub ecosystem: Ecosystem,
    /// The name that was looked up: the source package's where there is one.
    pub matched_name: String,
    /// The version that was compared: the source package's where there is one.
    pub matched_version: String,
    /// The advisory's own id, where it differs from the vulnerability's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// The run of versions it fell into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<VersionEvents>,
    /// The comparison made, for people: `1.2.3-1 < 1.2.3-1+deb12u1 (dpkg)`, `10.0.17763.6189 < 10.0.17763.6293`.
    pub comparison: String,
    /// Windows ProductID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// What the place needs to get the fix and shows no sign of having, such as `Ubuntu Pro`: there is then no fixed
    /// version for it, and `range` names the one that others get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_requires: Option<String>,
    /// The document and row.
    pub source: AdvisorySource,
}

/// A vulnerability that may be in a place and cannot be judged: kept apart from findings, never dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CannotJudge {
    /// CVE id.
    pub vulnerability: VulnerabilityId,
    /// Name of the package or product.
    pub package: String,
    /// Installed version, as far as known.
    pub installed_version: String,
    /// Severity, in case it is there.
    pub severity: Severity,
    /// Known to be exploited.
    pub kev: bool,
    /// The update that would fix it.
    #[serde(default)]
    pub kb: Option<String>,
    /// Why it cannot be judged, as a word for machines.
    pub reason: CannotJudgeReason,
    /// Why, for people, with what the row says.
    pub detail: String,
    /// The document and row.
    pub source: AdvisorySource,
}

/// Why a vulnerability cannot be judged.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CannotJudgeReason {
    /// The row names no fixing build and no chain of updates decides.
    NoFixedBuild,
    /// The fixing build is of another servicing line than the row's product.
    OtherLine,
    /// The fixing build could not be read.
    UnreadableBuild,
    /// The place's own build or revision is not known.
    UnknownRevision,
    /// The vendor has not decided.
    Undetermined,
    /// An installed version could not be compared.
    UnreadableVersion,
    /// The component's file version is needed and not known.
    UnknownComponent,
    /// A reason that this version does not know.
    #[serde(other)]
    Unknown,
}
