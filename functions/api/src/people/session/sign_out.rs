//! Signing out.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::api::Problem;

use crate::audit::Act;
use crate::{auth::SignedIn, cookie, problem::ApiError, state::ApiState};

/// Ends the session that the caller calls with, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "session",
    operation_id = "end_own_session",
    responses(
        (status = 204, description = "It has ended"),
        (status = 401, description = "No session", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (user, session) = caller.came.session()?;
    let identity = state.identity();
    identity.end_session(&caller.tenant, user, session).await?;
    let act = Act::new("end_own_session").on("session", session);
    state.audit(&caller, act).await?;
    tracing::info!(%user, tenant = %caller.tenant, %session, "signed out");
    let mut response = StatusCode::NO_CONTENT.into_response();
    if headers.contains_key(header::COOKIE) {
        let cookie = cookie::clear(state.behind_tls(), &headers);
        let cookie = HeaderValue::try_from(cookie).map_err(ApiError::internal)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
