//! Ending a session.

use axum::{extract::State, http::StatusCode};
use schemas::{
    SessionId,
    api::{Problem, session::SessionsQuery},
};

use super::whose;
use crate::{
    audit::Act,
    auth::SignedIn,
    extract::{FromPath, FromQuery},
    problem::ApiError,
    state::ApiState,
};

/// Ends one of the caller's sessions, or with `people.manage` one of anybody, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "session",
    operation_id = "end_session",
    params(("id" = SessionId, Path, description = "The session"), SessionsQuery),
    responses(
        (status = 204, description = "It has ended"),
        (status = 403, description = "A session of somebody else", body = Problem),
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
    let ended = state.identity().end_session(&caller.tenant, &user, &id);
    if !ended.await? {
        return Err(ApiError::not_found("session"));
    }
    let act = Act::new("end_session").on("session", &id);
    state.audit(&caller, act).await?;
    tracing::info!(session = %id, %user, by = caller.name(), tenant = %caller.tenant, "session ended");
    Ok(StatusCode::NO_CONTENT)
}
