//! One host.

use axum::{Json, extract::State};
use records::hosts::Hosts;
use schemas::{
    HostId, Place,
    api::{Problem, place::HostDetail},
};

use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    people::standing::standing,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// One host: its facts, its operating system, and how it stands.
#[utoipa::path(
    get,
    path = "/api/v1/hosts/{id}",
    tag = "hosts",
    operation_id = "get_host",
    params(("id" = HostId, Path, description = "The host")),
    responses(
        (status = 200, description = "The host", body = HostDetail),
        (status = 404, description = "No such host", body = Problem),
    ),
    security(("session" = ["hosts.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadHosts>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<HostId>,
) -> Result<Json<HostDetail>, ApiError> {
    let host = Hosts(state.platform())
        .get(caller.tenant(), &id)
        .await?
        .ok_or_else(|| ApiError::not_found("host"))?;
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    if !sight.has_host(&id, &host.facts.name) {
        return Err(ApiError::not_found("host"));
    }
    let summary = sight.view().summaries(Some(&Place::Host(id))).pop();
    let standing = summary.map(standing);
    Ok(Json(HostDetail {
        host: host.facts,
        os: host.os,
        standing,
        observed_at: host.observed_at,
    }))
}
