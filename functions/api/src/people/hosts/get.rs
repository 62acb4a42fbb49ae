//! One host.

use axum::{Json, extract::State};
use records::hosts::Hosts;
use schemas::{
    HostId, Place,
    api::{Problem, place::HostDetail},
};

use crate::{
    auth::{Allowed, needs},
    extract::FromPath,
    people::standing::{estate, standing},
    problem::ApiError,
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
    caller: Allowed<needs::ReadHosts>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<HostId>,
) -> Result<Json<HostDetail>, ApiError> {
    let host = Hosts(state.platform())
        .get(caller.tenant(), &id)
        .await?
        .ok_or_else(|| ApiError::not_found("host"))?;
    let index = estate(&state, caller.tenant()).await?;
    let standing = index.summaries(Some(&Place::Host(id))).pop().map(standing);
    Ok(Json(HostDetail {
        host: host.facts,
        os: host.os,
        standing,
        observed_at: host.observed_at,
    }))
}
