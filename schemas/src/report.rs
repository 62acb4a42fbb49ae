//! The report of a scan: the document that `bulkhead scan --format json` writes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{Coverage, ImageFacts, OperatingSystem, Package, Target},
    policy::{PolicyOutcome, SuppressedFinding},
    risk::PlaceFacts,
};

/// The version of the report that this code writes.
pub const REPORT_VERSION: u32 = 1;

/// What a scan found, and what it did not look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Version of this document's form, 1.
    pub version: u32,
    /// Version of Bulkhead that wrote it.
    pub software: String,
    /// When the scan was made.
    pub scanned_at: Timestamp,
    /// What was scanned.
    pub target: Target,
    /// Its operating system.
    #[serde(default)]
    pub os: Option<OperatingSystem>,
    /// Its image configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageFacts>,
    /// How much was read and could be judged.
    pub coverage: Coverage,
    /// What is installed.
    pub packages: Vec<Package>,
    /// Vulnerabilities, the highest risk first.
    pub findings: Vec<Finding>,
    /// Vulnerabilities that may be here and cannot be judged.
    #[serde(default)]
    pub cannot_judge: Vec<CannotJudge>,
    /// Findings that do not count, each with what says so: an exception, a VEX statement, an option.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<SuppressedFinding>,
    /// What the gate says; absent when no policy was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyOutcome>,
    /// Counts of findings.
    pub summary: Summary,
    /// What to do: updates with all that each of them fixes, the highest risk first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// The advisories that were used.
    #[serde(default)]
    pub feeds: Vec<FeedUsed>,
    /// Facts of the place that the scores are based on.
    #[serde(default)]
    pub place: PlaceFacts,
}

/// Counts of findings by severity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// All findings.
    pub total: u32,
    /// Critical ones.
    pub critical: u32,
    /// High ones.
    pub high: u32,
    /// Medium ones.
    pub medium: u32,
    /// Low ones.
    pub low: u32,
    /// Those nobody rated.
    pub unknown: u32,
    /// Those known to be exploited.
    pub known_exploited: u32,
    /// Those with a fix.
    pub fixable: u32,
    /// Rows kept apart because they cannot be judged.
    pub cannot_judge: u32,
    /// Packages that lock files name for development only, which were not judged because nobody asked for them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub development_left_out: u32,
    /// Packages of languages that the distribution's packages brought, judged by the distribution's advisories alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub owned_by_distribution: u32,
    /// Shards of advisories that were opened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shards_read: u32,
    /// Bytes of them that were read.
    #[serde(default)]
    pub shard_bytes_read: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One update and what it fixes: a ticket for whoever mends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Remedy {
    /// What to do: `openssl: update 3.0.11-1 to 3.0.15-1~deb12u1`.
    pub action: String,
    /// The highest score among what it fixes, 0 to 100.
    pub top_score: f32,
    /// Number of vulnerabilities that it fixes.
    pub vulnerabilities: u32,
    /// How many of them are known to be exploited.
    pub known_exploited: u32,
}

/// A feed that took part in a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedUsed {
    /// The feed's name, such as `debian-tracker`.
    pub name: String,
    /// Number of its documents.
    pub documents: u32,
    /// Number of its rows.
    pub rows: u64,
    /// The newest date that its documents carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}
