//! What is vulnerable in one host.

use axum::{Json, extract::State};
use schemas::{
    HostId, Place,
    api::{
        Problem,
        place::{FindingList, FindingQuery},
    },
};

use crate::{
    auth::{Scoped, needs},
    extract::{FromPath, FromQuery},
    people::standing,
    problem::ApiError,
    state::ApiState,
};

/// Findings of one host, highest score first unless `sort` says otherwise, and what cannot be judged.
#[utoipa::path(
    get,
    path = "/api/v1/hosts/{id}/findings",
    tag = "hosts",
    operation_id = "list_host_findings",
    params(("id" = HostId, Path, description = "The host"), FindingQuery),
    responses(
        (status = 200, description = "One page", body = FindingList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
        (status = 404, description = "No such host, or not judged yet", body = Problem),
    ),
    security(("session" = ["hosts.read"]))
)]
pub(crate) async fn findings(
    caller: Scoped<needs::ReadHosts>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<HostId>,
    FromQuery(query): FromQuery<FindingQuery>,
) -> Result<Json<FindingList>, ApiError> {
    standing::findings(
        &state,
        caller.tenant(),
        caller.scope(),
        &Place::Host(id),
        &query,
    )
    .await?
    .map(Json)
    .ok_or_else(|| ApiError::not_found("host, or it has not been judged yet"))
}
