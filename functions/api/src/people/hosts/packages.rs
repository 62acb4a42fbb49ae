//! What is installed in one host.

use axum::{Json, extract::State};
use schemas::{
    HostId, Place,
    api::{
        Problem,
        place::{PackageList, PackageQuery},
    },
};

use crate::{
    auth::{Scoped, needs},
    extract::{FromPath, FromQuery},
    people::standing,
    problem::ApiError,
    state::ApiState,
};

/// Packages of one host, by name.
#[utoipa::path(
    get,
    path = "/api/v1/hosts/{id}/packages",
    tag = "hosts",
    operation_id = "list_host_packages",
    params(("id" = HostId, Path, description = "The host"), PackageQuery),
    responses(
        (status = 200, description = "One page", body = PackageList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
        (status = 404, description = "No such host, or not read yet", body = Problem),
    ),
    security(("session" = ["hosts.read"]))
)]
pub(crate) async fn packages(
    caller: Scoped<needs::ReadHosts>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<HostId>,
    FromQuery(query): FromQuery<PackageQuery>,
) -> Result<Json<PackageList>, ApiError> {
    standing::packages(
        &state,
        caller.tenant(),
        caller.scope(),
        &Place::Host(id),
        &query,
    )
    .await?
    .map(Json)
    .ok_or_else(|| ApiError::not_found("host, or it has not been read yet"))
}
