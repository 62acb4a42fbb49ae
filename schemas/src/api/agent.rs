//! Agents, for people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, HostId, Timestamp, TokenId};

/// One page of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentList {
    /// By id.
    pub agents: Vec<AgentRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentRow {
    /// Its id.
    pub id: AgentId,
    /// Its host.
    pub host: HostId,
    /// Its host's own name.
    pub host_name: String,
    /// Operating system and architecture, such as `linux/amd64`.
    pub platform: String,
    /// Its version.
    pub software: String,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// The token that it enrolled with.
    pub enrolled_with: TokenId,
    /// When it was heard of last, to five minutes.
    pub last_seen_at: Timestamp,
    /// When its access was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}
