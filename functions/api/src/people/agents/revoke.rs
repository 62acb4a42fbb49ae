//! Taking an agent's access away.

use axum::{extract::State, http::StatusCode};
use schemas::{AgentId, api::Problem};

use crate::{
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Takes an agent's access away; its next request is refused. What it has sent stays.
#[utoipa::path(
    delete,
    path = "/api/v1/agents/{id}",
    tag = "agents",
    operation_id = "revoke_agent",
    params(("id" = AgentId, Path, description = "The agent")),
    responses(
        (status = 204, description = "It has none"),
        (status = 404, description = "No such agent", body = Problem),
    ),
    security(("session" = ["agents.revoke"]))
)]
pub(crate) async fn revoke(
    caller: Allowed<needs::RevokeAgents>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<AgentId>,
) -> Result<StatusCode, ApiError> {
    if !state.identity().revoke_agent(caller.tenant(), &id).await? {
        return Err(ApiError::not_found("agent"));
    }
    tracing::info!(agent = %id, by = caller.name(), tenant = %caller.tenant(), "agent revoked");
    Ok(StatusCode::NO_CONTENT)
}
