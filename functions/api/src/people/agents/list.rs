//! Listing agents.

use axum::{Json, extract::State};
use platform::Cursor;
use records::identity::Agent;
use schemas::api::{
    agent::{AgentList, AgentRow},
    page::PageQuery,
};

use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Agents, by id.
#[utoipa::path(
    get,
    path = "/api/v1/agents",
    tag = "agents",
    operation_id = "list_agents",
    params(PageQuery),
    responses((status = 200, description = "One page", body = AgentList)),
    security(("session" = ["agents.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadAgents>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<AgentList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "agents", "");
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .agents(caller.tenant(), limit(page.limit)?, cursor)
        .await?;
    Ok(Json(AgentList {
        agents: found.records.into_iter().map(row).collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}

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
        revoked_at: agent.revoked_at,
    }
}
