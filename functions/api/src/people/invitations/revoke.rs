//! Revoking an invitation.

use axum::{extract::State, http::StatusCode};
use schemas::{TokenId, api::Problem};

use super::detail;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Revokes an invitation. Whoever accepted it stays.
#[utoipa::path(
    delete,
    path = "/api/v1/invitations/{id}",
    tag = "people",
    operation_id = "revoke_invitation",
    params(("id" = TokenId, Path, description = "The invitation's public half")),
    responses(
        (status = 204, description = "It cannot be accepted any more"),
        (status = 404, description = "No such invitation", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn revoke(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<TokenId>,
) -> Result<StatusCode, ApiError> {
    caller.of_whole_tenant()?;
    let revoked = state.identity().revoke_invitation(caller.tenant(), &id);
    let revoked = revoked.await?;
    let revoked = revoked.ok_or_else(|| ApiError::not_found("invitation"))?;
    let act = Act::new("revoke_invitation").on("invitation", &id);
    let act = act.after(&detail(revoked, state.now()))?;
    state.audit(&caller, act).await?;
    tracing::info!(invitation = %id, by = caller.name(), tenant = %caller.tenant(), "invitation revoked");
    Ok(StatusCode::NO_CONTENT)
}
