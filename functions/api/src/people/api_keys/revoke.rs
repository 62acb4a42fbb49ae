//! Revoking an API key.

use access::Permission;
use axum::{extract::State, http::StatusCode};
use schemas::{TokenId, api::Problem};

use super::row;
use crate::{audit::Act, auth::SignedIn, extract::FromPath, problem::ApiError, state::ApiState};

/// Revokes an API key at once: the caller's own, or with the permission `tokens.manage` anybody's.
#[utoipa::path(
    delete,
    path = "/api/v1/api-keys/{id}",
    tag = "tokens",
    operation_id = "revoke_api_key",
    params(("id" = TokenId, Path, description = "The key's public half")),
    responses(
        (status = 204, description = "It is refused from now on"),
        (status = 404, description = "No such key, or one of somebody else that the caller may not revoke", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromPath(id): FromPath<TokenId>,
) -> Result<StatusCode, ApiError> {
    caller.settled()?;
    let unknown = || ApiError::not_found("API key");
    let identity = state.identity();
    let key = identity.api_key(&caller.tenant, &id).await?;
    let key = key.ok_or_else(unknown)?;
    // A leaked key can be ended by whoever holds it; what others have is not even told.
    let own = caller.came.user() == Some(&key.owner) || caller.came.key() == Some(&id);
    if !own && caller.may_everywhere(Permission::ManageTokens).is_err() {
        return Err(unknown());
    }
    let revoked = identity
        .revoke_api_key(&caller.tenant, &key.owner, &id)
        .await?;
    let revoked = revoked.ok_or_else(unknown)?;
    let now = state.now();
    let act = Act::new("revoke_api_key").on("api_key", &id);
    let act = act.before(&row(key, now))?.after(&row(revoked, now))?;
    state.audit(&caller, act).await?;
    tracing::info!(key = %id, by = caller.name(), tenant = %caller.tenant, "API key revoked");
    Ok(StatusCode::NO_CONTENT)
}
