//! Results of scans that builds send.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Timestamp,
    inventory::{CoverageStatus, Target},
    policy::PolicyVerdict,
    report::Summary,
};

/// Which scans are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScanQuery {
    /// Only those of which the gate said this.
    #[serde(default)]
    pub verdict: Option<PolicyVerdict>,
    /// Only those of whose target the name contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScanList {
    /// The newest first.
    pub scans: Vec<ScanRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScanRow {
    /// Its id, which follows from its content: the same report sent twice is one scan.
    pub id: String,
    /// What was scanned.
    pub target: Target,
    /// When it was scanned, by the clock of whoever did.
    pub scanned_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Who sent it.
    pub sent_by: String,
    /// Version of Bulkhead that scanned.
    pub software: String,
    /// Counts of findings.
    pub summary: Summary,
    /// Findings that do not count.
    pub suppressed: u32,
    /// How much was read and could be judged.
    pub coverage: CoverageStatus,
    /// What the gate said; absent without a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<PolicyVerdict>,
}
