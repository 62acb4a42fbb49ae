//! Exceptions: findings that somebody decided to live with, for a reason and mostly for a time. An exception hides a finding
//! and never changes a score.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CollectionId, ExceptionId, Place, Timestamp, VulnerabilityId};

/// What is said of the vulnerability where the exception is about it. `not_affected` is OpenVEX 0.2.0's status of this name;
/// `false_positive`, `will_not_fix` and `workaround_available` are words of CycloneDX 1.6 (`analysis.state` and
/// `analysis.response`); `accepted_risk` is what VEX has no word for and says as `affected` with the reason.
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
pub enum ExceptionStatus {
    /// It does no harm here; `justification` says why.
    NotAffected,
    /// It is not here: what was matched is something else.
    FalsePositive,
    /// It is here, and whoever is responsible lives with it.
    AcceptedRisk,
    /// It is here and is not going to be mended.
    WillNotFix,
    /// It is here, and something else than an update keeps it from being used.
    WorkaroundAvailable,
    /// A status that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Why something is not affected. Source: OpenVEX 0.2.0, "Status Justifications".
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
pub enum VexJustification {
    /// The vulnerable component is not there.
    ComponentNotPresent,
    /// It is there without the vulnerable code.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never run.
    VulnerableCodeNotInExecutePath,
    /// Nobody who means harm reaches the vulnerable code.
    VulnerableCodeCannotBeControlledByAdversary,
    /// What is built in keeps it from being used.
    InlineMitigationsAlreadyExist,
    /// A reason that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl VexJustification {
    /// The word as documents have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
            Self::Unknown => "unknown",
        }
    }
}

/// How far an exception has come.
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
pub enum ExceptionState {
    /// It waits for a decision and hides nothing.
    Requested,
    /// It is in force.
    Approved,
    /// It was refused.
    Rejected,
    /// It was taken back, before or after it was in force.
    Revoked,
    /// Its time is over.
    Expired,
    /// A state that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Where an exception holds.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExceptionScope {
    /// Everywhere.
    Estate,
    /// In what a collection has, as it is at each moment.
    Collection {
        /// The collection.
        collection: CollectionId,
    },
    /// In one host or image.
    Place {
        /// The place.
        place: Place,
    },
    /// Somewhere that this version does not know: it holds nowhere.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What of an exception decides which findings it hides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionInForce {
    /// The exception.
    pub id: ExceptionId,
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// purl of the package; without a version all of its versions. Absent for whatever package has the vulnerability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Where it holds.
    pub scope: ExceptionScope,
    /// From when on it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
