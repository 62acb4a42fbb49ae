//! Forgetting a registry.

use axum::{extract::State, http::StatusCode};
use records::Registries;
use schemas::{RegistryId, api::Problem};

use super::{found, told};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Forgets a registry with its credentials. What was read of its images stays.
#[utoipa::path(
    delete,
    path = "/api/v1/registries/{id}",
    tag = "registries",
    operation_id = "delete_registry",
    params(("id" = RegistryId, Path, description = "The registry")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 404, description = "No such registry", body = Problem),
    ),
    security(("session" = ["registries.manage"]))
)]
pub(crate) async fn delete(
    caller: Allowed<needs::ManageRegistries>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
) -> Result<StatusCode, ApiError> {
    let tenant = caller.tenant();
    let (record, _) = found(&state, tenant, &id).await?;
    Registries(state.platform()).delete(tenant, &id).await?;
    let act = Act::new("delete_registry").on("registry", &id);
    let act = act.before(&told(record)?)?;
    state.audit(&caller, act).await?;
    tracing::info!(registry = %id, by = caller.name(), %tenant, "registry forgotten");
    Ok(StatusCode::NO_CONTENT)
}
