//! Revoking an enrolment token.

use axum::{extract::State, http::StatusCode};
use schemas::{TokenId, api::Problem};

use super::row;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Revokes an enrolment token. Agents that enrolled with it stay enrolled.
#[utoipa::path(
    delete,
    path = "/api/v1/enrolment-tokens/{id}",
    tag = "enrolment tokens",
    operation_id = "revoke_enrolment_token",
    params(("id" = TokenId, Path, description = "The token's public half")),
    responses(
        (status = 204, description = "It opens no door any more"),
        (status = 404, description = "No such token", body = Problem),
    ),
    security(("session" = ["enrolment_tokens.manage"]))
)]
pub(crate) async fn revoke(
    caller: Allowed<needs::ManageEnrolmentTokens>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<TokenId>,
) -> Result<StatusCode, ApiError> {
    let identity = state.identity();
    let unknown = || ApiError::not_found("enrolment token");
    let before = identity.token(caller.tenant(), &id).await?;
    let before = row(before.ok_or_else(unknown)?, state.now());
    if !identity.revoke_token(caller.tenant(), &id).await? {
        return Err(unknown());
    }
    let after = identity.token(caller.tenant(), &id).await?;
    let act = Act::new("revoke_enrolment_token").on("enrolment_token", &id);
    let act = act.before(&before)?;
    let act = act.after(&after.map(|after| row(after, state.now())))?;
    state.audit(&caller, act).await?;
    tracing::info!(token = %id, by = caller.name(), tenant = %caller.tenant(), "enrolment token revoked");
    Ok(StatusCode::NO_CONTENT)
}
