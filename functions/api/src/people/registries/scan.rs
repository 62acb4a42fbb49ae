//! Looking at a registry now.

use axum::{Json, extract::State, http::StatusCode};
use records::messages::{self, RegistryMessage};
use schemas::{
    RegistryId,
    api::{Problem, registry::RegistryRun},
};

use super::found;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Looks at a registry for images that nobody read yet, and has them read. What comes of it is the registry's `last_run`.
#[utoipa::path(
    post,
    path = "/api/v1/registries/{id}/scan",
    tag = "registries",
    operation_id = "scan_registry",
    params(("id" = RegistryId, Path, description = "The registry")),
    responses(
        (status = 202, description = "It is going to be looked at", body = RegistryRun),
        (status = 400, description = "It is disabled", body = Problem),
        (status = 404, description = "No such registry", body = Problem),
    ),
    security(("session" = ["images.scan"]))
)]
pub(crate) async fn scan(
    caller: Allowed<needs::ScanImages>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
) -> Result<(StatusCode, Json<RegistryRun>), ApiError> {
    let tenant = caller.tenant();
    let (record, _) = found(&state, tenant, &id).await?;
    if !record.settings.enabled {
        return Err(ApiError::new(
            Kind::BadRequest,
            "The registry is disabled: enable it first.",
        ));
    }
    let began = state.now();
    let message = RegistryMessage::Survey {
        tenant: tenant.clone(),
        registry: id.clone(),
        began,
        after: None,
        pages: 0,
    };
    messages::send(state.platform(), &[message]).await?;
    let act = Act::new("scan_registry").on("registry", &id);
    state.audit(&caller, act).await?;
    tracing::info!(registry = %id, by = caller.name(), %tenant, "registry to be looked at");
    let run = RegistryRun {
        started_at: Some(began),
        ..RegistryRun::default()
    };
    Ok((StatusCode::ACCEPTED, Json(run)))
}
