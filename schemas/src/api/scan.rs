//! Results of scans that builds send.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    inventory::{CoverageStatus, Target},
    policy::PolicyVerdict,
    report::Summary,
};

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
