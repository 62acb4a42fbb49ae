//! Replacing how a registry is set up.

use axum::{extract::State, http::HeaderMap, response::Response};
use records::Registries;
use schemas::{
    RegistryId,
    api::{
        Problem,
        registry::{NewRegistry, RegistryDetail, RegistrySettings},
    },
};

use super::{answer, found, sealed, told, valid};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromJson, FromPath},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Replaces how a registry is set up, by who names its state. Without credentials those of before stay, as long as the
/// addresses do: nobody can send a secret that they do not know to a registry of their own.
#[utoipa::path(
    put,
    path = "/api/v1/registries/{id}",
    tag = "registries",
    operation_id = "set_registry",
    params(
        ("id" = RegistryId, Path, description = "The registry"),
        ("if-match" = String, Header, description = "ETag of the state that it replaces"),
    ),
    request_body = NewRegistry,
    responses(
        (status = 200, description = "It is set up so", body = RegistryDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A value out of bounds, an address that is not asked, or credentials for another address", body = Problem),
        (status = 404, description = "No such registry", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["registries.manage"]))
)]
pub(crate) async fn set(
    caller: Allowed<needs::ManageRegistries>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<NewRegistry>,
) -> Result<Response, ApiError> {
    let tenant = caller.tenant();
    let (mut record, revision) = found(&state, tenant, &id).await?;
    etag::must_match(&headers, revision)?;
    let before = told(record.clone())?;
    let settings = valid::settings(&state, wanted.settings)?;
    if let Some(credentials) = wanted.credentials {
        valid::credentials(&settings.address, &credentials)?;
        record.credentials = Some(sealed(&state, tenant, &id, credentials).await?);
    } else if wanted.forget_credentials {
        record.credentials = None;
    } else if record.credentials.is_some() && told_to(&settings) != told_to(&record.settings) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "Credentials are not taken to another address: send `credentials` again, or `forget_credentials`.",
        ));
    }
    record.settings = settings;
    record.updated_at = state.now();
    record.updated_by = caller.name().to_owned();
    let registries = Registries(state.platform());
    if !registries.put(tenant, &record, Some(revision)).await? {
        return Err(etag::changed());
    }
    let act = Act::new("set_registry").on("registry", &id);
    let act = act.before(&before)?.after(&told(record)?)?;
    state.audit(&caller, act).await?;
    tracing::info!(registry = %id, by = caller.name(), %tenant, "registry changed");
    let (record, revision) = found(&state, tenant, &id).await?;
    answer(&state, tenant, record, revision).await
}

/// Whom credentials are told to: the registry, and its product's own interface, which without an address of its own is where
/// the registry's host says.
fn told_to(settings: &RegistrySettings) -> (&str, Option<&str>) {
    (&settings.address, settings.api.as_deref())
}
