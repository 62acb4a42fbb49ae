//! How bad a vulnerability is in words, and where the word came from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Severity in words, ordered from unknown (which is not low) to critical.
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
pub enum Severity {
    /// Low, negligible or unimportant; CVSS below 4.
    Low = 1,
    /// Medium or moderate; CVSS 4 to below 7.
    Medium = 2,
    /// High or important; CVSS 7 to below 9.
    High = 3,
    /// Critical; CVSS 9 and above.
    Critical = 4,
    /// Nobody has judged it yet, or with a word this version does not know. Ordered below low, and is not low.
    #[default]
    #[serde(other)]
    Unknown = 0,
}

impl Severity {
    /// The word as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Who gave a severity or score.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SeveritySource {
    /// The vendor or distribution, for its own package.
    Vendor,
    /// The CVE numbering authority that assigned the id.
    Cna,
    /// An authorised data publisher, such as CISA's Vulnrichment.
    Adp,
    /// The National Vulnerability Database.
    Nvd,
    /// A source that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One rating of a vulnerability by one source. All ratings are kept; the first by preference is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeverityRating {
    /// Who said so.
    pub source: SeveritySource,
    /// The word, mapped to ours.
    pub severity: Severity,
    /// The source's own word, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// CVSS base score, 0 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss_score: Option<f32>,
    /// CVSS vector text, which names its own version (`CVSS:3.1/…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss_vector: Option<String>,
}
