//! Coverage: how much of a place was read. "Nothing found" and "nothing read" are different answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Digest;

/// How much of a place was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// The verdict over all parts.
    #[serde(default)]
    pub status: CoverageStatus,
    /// What was not read or not judged, and why. Empty when complete.
    #[serde(default)]
    pub gaps: Vec<CoverageGap>,
}

/// The verdict on how much was read.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CoverageStatus {
    /// Everything that this version can judge was read.
    Complete,
    /// Something was read, and something that matters was not.
    Partial,
    /// Nothing can be concluded: the operating system is unknown or unsupported, or nothing could be read.
    #[serde(other)]
    #[default]
    Unsupported,
}

/// One thing that was not read or judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct CoverageGap {
    /// Why, as a word for machines.
    pub reason: GapReason,
    /// Why, as a sentence for people that says what to do about it.
    pub detail: String,
    /// The file or key concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The layer concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Digest>,
}

/// Why something was not read or judged.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// No known operating system was found.
    UnknownOs,
    /// The operating system is known and its packages cannot be judged.
    UnsupportedOs,
    /// The release is past its vendor's support; its advisories stopped.
    EndOfLife,
    /// No advisories are loaded for this ecosystem or release.
    NoAdvisories,
    /// A foreign (non-distributable) layer that the source does not hold.
    ForeignLayer,
    /// A layer that is named and not there.
    MissingLayer,
    /// Content whose digest is not the one it was named by.
    DigestMismatch,
    /// Content that ends early or is damaged.
    Corrupt,
    /// A limit on size, count or depth was reached.
    LimitExceeded,
    /// A form of compression, database or archive that is not read.
    UnsupportedFormat,
    /// The reader was not allowed to read it.
    PermissionDenied,
    /// Two sources disagree, such as the image's `os.version` and its registry hive.
    Disagreement,
    /// A name that could not be used: absolute, with `..`, or too long.
    UnsafePath,
    /// An error while reading.
    ReadError,
    /// A package is named without the exact version that will be used: only resolving its dependencies would tell.
    Unresolved,
    /// A reason that this version does not know.
    #[serde(other)]
    Unknown,
}
