//! Agents.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;

use records::identity::Agent;
use schemas::api::agent::AgentRow;

/// An agent as it is listed.
fn row(agent: Agent) -> AgentRow {
    AgentRow {
        id: agent.id,
        host: agent.host,
        host_name: agent.host_name,
        platform: agent.platform,
        software: agent.software,
        enrolled_at: agent.enrolled_at,
        enrolled_with: agent.enrolled_with,
        last_seen_at: agent.last_seen_at,
        key_since: agent.key_since,
        rotation_asked_at: agent.rotation_asked_at,
        revoked_at: agent.revoked_at,
    }
}
