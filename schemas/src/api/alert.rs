//! Alerts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, HostId, Timestamp};

/// One page of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertList {
    /// The latest first.
    pub alerts: Vec<AlertRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertRow {
    /// Its id.
    pub id: String,
    /// Its kind, such as `agent-key-copied`.
    pub kind: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// What happened and what to do.
    pub summary: String,
    /// The agent it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The host it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
}
