//! Revoking an enrolment token.

use axum::{extract::State, http::StatusCode};
use schemas::{TokenId, api::Problem};

use crate::{
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
    if !state.identity().revoke_token(caller.tenant(), &id).await? {
        return Err(ApiError::not_found("enrolment token"));
    }
    tracing::info!(token = %id, by = caller.name(), tenant = %caller.tenant(), "enrolment token revoked");
    Ok(StatusCode::NO_CONTENT)
}
