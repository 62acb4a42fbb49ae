//! Trusting builds no more.

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

/// Removes a rule. Tokens that builds got by it end at once.
#[utoipa::path(
    delete,
    path = "/api/v1/trusted-builds/{id}",
    tag = "tokens",
    operation_id = "remove_trusted_build",
    params(("id" = TokenId, Path, description = "The rule")),
    responses(
        (status = 204, description = "It lets nobody in any more"),
        (status = 404, description = "No such rule", body = Problem),
    ),
    security(("session" = ["tokens.manage"]))
)]
pub(crate) async fn remove(
    caller: Allowed<needs::ManageTokens>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<TokenId>,
) -> Result<StatusCode, ApiError> {
    let identity = state.identity();
    let unknown = || ApiError::not_found("rule for builds");
    let before = identity.trusted_build(caller.tenant(), &id).await?;
    let before = row(before.ok_or_else(unknown)?);
    if !identity.remove_trusted_build(caller.tenant(), &id).await? {
        return Err(unknown());
    }
    let act = Act::new("remove_trusted_build").on("trusted_build", &id);
    state.audit(&caller, act.before(&before)?).await?;
    tracing::info!(rule = %id, by = caller.name(), tenant = %caller.tenant(), "builds no longer trusted");
    Ok(StatusCode::NO_CONTENT)
}
