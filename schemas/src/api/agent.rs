//! Agents, for people.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{AgentId, HostId, Timestamp, TokenId};

/// Which agents are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AgentQuery {
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<AgentState>,
    /// Only those that were not heard of since this moment.
    #[serde(default)]
    pub silent_since: Option<Timestamp>,
    /// Only those whose host's name contains this text, without regard to case.
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

/// Whether an agent has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It has.
    Active,
    /// Its access was taken away.
    Revoked,
}

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
    /// Since when it has its key; absent while that is the one that it enrolled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_since: Option<Timestamp>,
    /// When somebody asked for another key, while the agent has not made it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation_asked_at: Option<Timestamp>,
    /// When its access was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}
