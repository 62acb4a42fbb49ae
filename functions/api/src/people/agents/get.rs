//! One agent.

use axum::{Json, extract::State};
use schemas::{
    AgentId,
    api::{Problem, agent::AgentRow},
};

use super::row;
use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// One agent.
#[utoipa::path(
    get,
    path = "/api/v1/agents/{id}",
    tag = "agents",
    operation_id = "get_agent",
    params(("id" = AgentId, Path, description = "The agent")),
    responses(
        (status = 200, description = "The agent", body = AgentRow),
        (status = 404, description = "No such agent", body = Problem),
    ),
    security(("session" = ["agents.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadAgents>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<AgentId>,
) -> Result<Json<AgentRow>, ApiError> {
    let unknown = || ApiError::not_found("agent");
    let agent = state.identity().agent(caller.tenant(), &id).await?;
    let agent = agent.ok_or_else(unknown)?;
    if !caller.scope().is_everything() {
        let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
        if !sight.has_host(&agent.host, &agent.host_name) {
            return Err(unknown());
        }
    }
    Ok(Json(row(agent)))
}
