//! Listing agents.

use axum::{Json, extract::State};
use records::identity::Agent;
use schemas::api::{
    Problem,
    agent::{AgentList, AgentQuery, AgentState},
};

use super::row;
use crate::{
    auth::{Scoped, needs},
    cursor::{Gathering, List, limit, search},
    extract::FromQuery,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Agents, by id. Whoever is limited to collections is shown those of hosts of these. A page may have fewer rows than were
/// asked for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/agents",
    tag = "agents",
    operation_id = "list_agents",
    params(AgentQuery),
    responses(
        (status = 200, description = "One page", body = AgentList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["agents.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadAgents>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<AgentQuery>,
) -> Result<Json<AgentList>, ApiError> {
    let wanted = search(query.search.as_deref())?;
    let filters = format!("{wanted:?} {:?} {:?}", query.state, query.silent_since);
    let list = List::new(&state, caller.tenant(), "agents", &filters);
    let cursor = list.open_some(query.cursor.as_ref())?;
    let sight = if caller.scope().is_everything() {
        None
    } else {
        Some(Sight::of(&state, caller.tenant(), caller.scope()).await?)
    };
    let is_wanted = |agent: &Agent| {
        let in_state = query
            .state
            .is_none_or(|state| (state == AgentState::Revoked) == agent.revoked_at.is_some());
        let is_silent = query
            .silent_since
            .is_none_or(|since| agent.last_seen_at < since);
        let is_seen = sight
            .as_ref()
            .is_none_or(|sight| sight.has_host(&agent.host, &agent.host_name));
        in_state && is_silent && wanted.is_in(&agent.host_name) && is_seen
    };
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    while let Some((room, at)) = gathering.next() {
        let found = state.identity().agents(caller.tenant(), room, at).await?;
        let records = found.records.into_iter();
        gathering.add(records.filter(is_wanted), found.next);
    }
    let (agents, next) = gathering.page();
    Ok(Json(AgentList {
        agents: agents.into_iter().map(row).collect(),
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
