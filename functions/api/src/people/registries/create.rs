//! Setting up a registry.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use records::{Registries, RegistryRecord, registries::MAX_REGISTRIES};
use schemas::{
    RegistryId,
    api::{
        Problem,
        registry::{NewRegistry, RegistryDetail},
    },
};

use super::{answer, sealed, told, valid};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Sets up a registry. Its credentials are sealed, and never shown again.
#[utoipa::path(
    post,
    path = "/api/v1/registries",
    tag = "registries",
    operation_id = "create_registry",
    request_body = NewRegistry,
    responses(
        (status = 201, description = "It is set up", body = RegistryDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A value out of bounds, or an address that is not asked", body = Problem),
    ),
    security(("session" = ["registries.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManageRegistries>,
    State(state): State<ApiState>,
    FromJson(wanted): FromJson<NewRegistry>,
) -> Result<Response, ApiError> {
    let settings = valid::settings(&state, wanted.settings)?;
    if let Some(credentials) = &wanted.credentials {
        valid::credentials(&settings.address, credentials)?;
    }
    let registries = Registries(state.platform());
    let tenant = caller.tenant();
    if registries.all(tenant).await?.len() >= MAX_REGISTRIES {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!(
                "There are {MAX_REGISTRIES} registries already, which is the most; delete one first."
            ),
        ));
    }
    let id: RegistryId = state
        .random_hex::<8>()?
        .parse()
        .map_err(ApiError::internal)?;
    let credentials = match wanted.credentials {
        Some(credentials) => Some(sealed(&state, tenant, &id, credentials).await?),
        None => None,
    };
    let record = RegistryRecord {
        version: 1,
        id: id.clone(),
        settings,
        credentials,
        webhook_secrets: Vec::new(),
        created_at: state.now(),
        created_by: caller.name().to_owned(),
        updated_at: state.now(),
        updated_by: caller.name().to_owned(),
    };
    if !registries.put(tenant, &record, None).await? {
        return Err(ApiError::internal("the id of a new registry is taken"));
    }
    let act = Act::new("create_registry").on("registry", &id);
    let act = act.after(&told(record)?)?;
    state.audit(&caller, act).await?;
    tracing::info!(registry = %id, by = caller.name(), %tenant, "registry set up");
    let (record, revision) = super::found(&state, tenant, &id).await?;
    let mut response = answer(&state, tenant, record, revision).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response.into_response())
}
