//! Registries that a tenant set up.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod images;
pub(crate) mod list;
pub(crate) mod scan;
pub(crate) mod set;
pub(crate) mod test;
mod valid;
pub(crate) mod webhook_secret;

use axum::{Json, response::Response};
use records::{Registries, RegistryRecord, registries::StoredCredentials};
use schemas::{
    RegistryId, TenantId,
    api::registry::{NewRegistryCredentials, RegistryCredentials, RegistryDetail, RegistryRun},
};
use serde_json::Value;

use crate::{etag, problem::ApiError, state::ApiState};

/// A registry as it is shown.
fn detail(record: RegistryRecord, last_run: Option<RegistryRun>) -> RegistryDetail {
    RegistryDetail {
        id: record.id,
        settings: record.settings,
        credentials: record.credentials.map(|kept| RegistryCredentials {
            kind: kept.kind,
            user: kept.user,
            set_at: kept.set_at,
        }),
        webhook_secrets: record
            .webhook_secrets
            .iter()
            .map(|kept| kept.made_at)
            .collect(),
        last_run,
        created_at: record.created_at,
        created_by: record.created_by,
        updated_at: record.updated_at,
        updated_by: record.updated_by,
    }
}

/// A registry as the audit log keeps it, which leaves out whatever is called credentials: here it is told whose they are
/// and since when they are set.
pub(crate) fn told(record: RegistryRecord) -> Result<Value, ApiError> {
    let mut view = serde_json::to_value(detail(record, None)).map_err(ApiError::internal)?;
    if let Some(view) = view.as_object_mut()
        && let Some(credentials) = view.remove("credentials")
    {
        view.insert("signs_in_with".to_owned(), credentials);
    }
    Ok(view)
}

/// A registry as it is answered, with the tag that names this state.
async fn answer(
    state: &ApiState,
    tenant: &TenantId,
    record: RegistryRecord,
    revision: u64,
) -> Result<Response, ApiError> {
    let run = Registries(state.platform()).run(tenant, &record.id).await?;
    etag::tagged(Json(detail(record, run)), revision)
}

/// A registry of the tenant, with the revision that names its state.
pub(crate) async fn found(
    state: &ApiState,
    tenant: &TenantId,
    id: &RegistryId,
) -> Result<(RegistryRecord, u64), ApiError> {
    let found = Registries(state.platform()).get(tenant, id).await?;
    found.ok_or_else(|| ApiError::not_found("registry"))
}

/// Credentials as they are kept.
async fn sealed(
    state: &ApiState,
    tenant: &TenantId,
    id: &RegistryId,
    credentials: NewRegistryCredentials,
) -> Result<StoredCredentials, ApiError> {
    let secret = credentials.secret.into();
    let secret = Registries(state.platform())
        .seal(tenant, id, &secret)
        .await?;
    Ok(StoredCredentials {
        kind: credentials.kind,
        user: credentials.user,
        secret,
        set_at: state.now(),
    })
}
