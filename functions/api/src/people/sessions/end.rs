//! Ending a session.

use axum::{extract::State, http::StatusCode};
use schemas::{
    SessionId, UserId,
    api::{Problem, session::SessionsQuery},
};

use super::whose;
use crate::{
    audit::Act,
    auth::{Principal, SignedIn},
    extract::{FromPath, FromQuery},
    people::roles::must_cover,
    problem::ApiError,
    state::ApiState,
};

/// Ends one of the caller's sessions, or with `people.manage` one of anybody who may do no more than the caller, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "session",
    operation_id = "end_session",
    params(("id" = SessionId, Path, description = "The session"), SessionsQuery),
    responses(
        (status = 204, description = "It has ended"),
        (status = 403, description = "A session of somebody else, or of somebody who may do more than the caller", body = Problem),
        (status = 404, description = "No such session of this person", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn end(
    SignedIn(caller): SignedIn,
    State(state): State<ApiState>,
    FromPath(id): FromPath<SessionId>,
    FromQuery(query): FromQuery<SessionsQuery>,
) -> Result<StatusCode, ApiError> {
    let user = whose(&caller, query)?;
    if caller.came.user() != Some(&user) {
        may_end(&state, &caller, &user).await?;
    }
    let ended = state.identity().end_session(&caller.tenant, &user, &id);
    if !ended.await? {
        return Err(ApiError::not_found("session"));
    }
    let act = Act::new("end_session").on("session", &id);
    let whose = serde_json::json!({"user": user});
    state.audit(&caller, act.before(&whose)?).await?;
    tracing::info!(session = %id, %user, by = caller.name(), tenant = %caller.tenant, "session ended");
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody puts out, however often they come back, who may do more than they.
async fn may_end(state: &ApiState, caller: &Principal, user: &UserId) -> Result<(), ApiError> {
    let (identity, tenant) = (state.identity(), &caller.tenant);
    let person = identity.user(tenant, user).await?;
    let person = person.ok_or_else(|| ApiError::not_found("session"))?;
    let theirs = identity.grants(tenant, &person.assignments()).await?;
    must_cover(&caller.grants, &theirs)
}
