//! Asking an agent for another key.

use axum::{extract::State, http::StatusCode};
use schemas::{AgentId, api::Problem};

use super::row;
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::FromPath,
    problem::{ApiError, Kind},
    scoped::Sight,
    state::ApiState,
};

/// Asks an agent for another key. It makes one when it asks for its bundle next, and the one before is accepted for a day
/// more; agents do the same by themselves every 30 days. Whoever has a copy of the key can do it as well: where one may have
/// leaked, revoke the agent and enrol its host anew.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{id}/rotation",
    tag = "agents",
    operation_id = "rotate_agent_key",
    params(("id" = AgentId, Path, description = "The agent")),
    responses(
        (status = 202, description = "It is asked when it comes next"),
        (status = 404, description = "No such agent", body = Problem),
        (status = 409, description = "Its access was taken away", body = Problem),
    ),
    security(("session" = ["agents.revoke"]))
)]
pub(crate) async fn rotate(
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
    if !identity.ask_for_rotation(caller.tenant(), &id).await? {
        return Err(ApiError::new(
            Kind::Conflict,
            "The agent's access was taken away: it is asked for nothing any more.",
        ));
    }
    let after = identity.agent(caller.tenant(), &id).await?;
    let act = Act::new("rotate_agent_key").on("agent", &id);
    let act = act.before(&row(before))?.after(&after.map(row))?;
    state.audit(&caller, act).await?;
    tracing::info!(agent = %id, by = caller.name(), tenant = %caller.tenant(), "another key of an agent asked for");
    Ok(StatusCode::ACCEPTED)
}
