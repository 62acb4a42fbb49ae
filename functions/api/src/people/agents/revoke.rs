//! Taking an agent's access away.

use axum::{extract::State, http::StatusCode};
use schemas::{AgentId, api::Problem};

use super::row;
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::FromPath,
    problem::ApiError,
    scoped::Sight,
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
    caller: Scoped<needs::RevokeAgents>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<AgentId>,
) -> Result<StatusCode, ApiError> {
    let identity = state.identity();
    let unknown = || ApiError::not_found("agent");
    let before = identity.agent(caller.tenant(), &id).await?;
    let before = before.ok_or_else(unknown)?;
    if !caller.scope().is_everything() {
        let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
        if !sight.has_host(&before.host, &before.host_name) {
            return Err(unknown());
        }
    }
    let before = row(before);
    if !identity.revoke_agent(caller.tenant(), &id).await? {
        return Err(unknown());
    }
    let after = identity.agent(caller.tenant(), &id).await?;
    let act = Act::new("revoke_agent").on("agent", &id).before(&before)?;
    let act = act.after(&after.map(row))?;
    state.audit(&caller, act).await?;
    tracing::info!(agent = %id, by = caller.name(), tenant = %caller.tenant(), "agent revoked");
    Ok(StatusCode::NO_CONTENT)
}
