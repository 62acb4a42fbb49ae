//! Removing a service that signs people in.

use axum::{extract::State, http::StatusCode};
use schemas::{IdentityProviderId, api::Problem};

use super::{must_cover_all, row};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Removes a service: nobody signs in by it any more. Whoever did keeps their sessions to
/// their end, and their API keys, unless they are disabled.
#[utoipa::path(
    delete,
    path = "/api/v1/identity-providers/{id}",
    tag = "sign-in",
    operation_id = "remove_identity_provider",
    params(("id" = IdentityProviderId, Path, description = "The service")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "It gives a role that the caller may not give", body = Problem),
        (status = 404, description = "No such service", body = Problem),
    ),
    security(("session" = ["identity_providers.manage"]))
)]
pub(crate) async fn remove(
    caller: Allowed<needs::ManageIdentityProviders>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<IdentityProviderId>,
) -> Result<StatusCode, ApiError> {
    let identity = state.identity();
    let unknown = || ApiError::not_found("identity provider");
    let before = identity.identity_provider(caller.tenant(), &id).await?;
    let (before, _) = before.ok_or_else(unknown)?;
    must_cover_all(&state, caller.grants(), caller.tenant(), &before).await?;
    let gone = identity.remove_identity_provider(caller.tenant(), &id);
    if !gone.await? {
        return Err(unknown());
    }
    let act = Act::new("remove_identity_provider").on("identity_provider", &id);
    state.audit(&caller, act.before(&row(before))?).await?;
    tracing::info!(provider = %id, by = caller.name(), tenant = %caller.tenant(), "identity provider removed");
    Ok(StatusCode::NO_CONTENT)
}
