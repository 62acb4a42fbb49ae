//! One registry.

use axum::{extract::State, response::Response};
use schemas::{
    RegistryId,
    api::{Problem, registry::RegistryDetail},
};

use super::{answer, found};
use crate::{
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// One registry, without secrets, with what its last look came to.
#[utoipa::path(
    get,
    path = "/api/v1/registries/{id}",
    tag = "registries",
    operation_id = "get_registry",
    params(("id" = RegistryId, Path, description = "The registry")),
    responses(
        (status = 200, description = "The registry", body = RegistryDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such registry", body = Problem),
    ),
    security(("session" = ["registries.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadRegistries>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
) -> Result<Response, ApiError> {
    let (record, revision) = found(&state, caller.tenant(), &id).await?;
    answer(&state, caller.tenant(), record, revision).await
}
