//! Giving a second factor up.

use axum::{extract::State, http::StatusCode};
use schemas::api::{Problem, session::RemoveSecondFactor};

use super::{by_password, check};
use crate::{
    audit::Act,
    auth::SignedIn,
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Its name in the audit log.
const OPERATION: &str = "remove_second_factor";

/// Removes the caller's second factor, by password and code.
#[utoipa::path(
    post,
    path = "/api/v1/session/second-factor/remove",
    tag = "session",
    operation_id = "remove_second_factor",
    request_body = RemoveSecondFactor,
    responses(
        (status = 204, description = "Signing in takes the password alone"),
        (status = 401, description = "The password or the code is wrong", body = Problem),
        (status = 409, description = "Changed meanwhile", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromJson(request): FromJson<RemoveSecondFactor>,
) -> Result<StatusCode, ApiError> {
    let (user, _) = caller.came.session()?;
    let (tenant, identity) = (&caller.tenant, state.identity());
    let (known, revision) =
        by_password(&state, &caller, user, OPERATION, request.current.into()).await?;
    let act = Act::new(OPERATION).on("person", user);
    let right = check(&state, tenant, &known, revision, Some(&request.code)).await;
    if let Err(error) = right {
        state.audit_refusal(&caller, act).await;
        return Err(error);
    }
    let meanwhile = || ApiError::new(Kind::Conflict, "You were changed meanwhile: begin again.");
    let (known, revision) = identity
        .user_at(tenant, user)
        .await?
        .ok_or_else(meanwhile)?;
    let put = identity.put_second_factor(tenant, &known, revision, None);
    if !put.await? {
        return Err(meanwhile());
    }
    identity.end_sign_in(tenant, user.as_str()).await?;
    state.audit(&caller, act).await?;
    tracing::info!(%user, %tenant, "second factor removed");
    Ok(StatusCode::NO_CONTENT)
}
