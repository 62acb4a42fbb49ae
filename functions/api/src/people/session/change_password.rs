//! Changing one's own password.

use access::password;
use axum::{extract::State, http::HeaderMap, response::Response};
use records::identity::User;
use schemas::api::{
    Problem,
    session::{ChangePassword, SessionReply},
};
use secrecy::{ExposeSecret, SecretString};

use super::{begin::begin, shut, turn, with_password};
use crate::{
    audit::{Act, Somebody},
    auth::{self, Came, Principal, SignedIn},
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Changes the caller's password. Sessions of the old one end; the answer is a new session.
#[utoipa::path(
    post,
    path = "/api/v1/session/password",
    tag = "session",
    operation_id = "change_password",
    request_body = ChangePassword,
    responses(
        (status = 200, description = "A session of the new password", body = SessionReply),
        (status = 400, description = "The new password may not be chosen", body = Problem),
        (status = 401, description = "The current password is wrong", body = Problem),
        (status = 409, description = "The password was changed meanwhile", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn change_password(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
    FromJson(request): FromJson<ChangePassword>,
) -> Result<Response, ApiError> {
    let by = Somebody::of(&caller.tenant, caller.actor());
    let Principal { tenant, came, .. } = caller;
    let Came::Session {
        user, is_cookie, ..
    } = came
    else {
        return Err(auth::only_a_person());
    };
    let current = SecretString::from(request.current);
    let new = SecretString::from(request.new);
    if current.expose_secret() == new.expose_secret() {
        return Err(ApiError::new(
            Kind::BadRequest,
            "The new password has to differ from the current one.",
        ));
    }
    password::check(&new).map_err(|error| {
        ApiError::new(
            Kind::BadRequest,
            format!("The new password will not do: {error}."),
        )
    })?;
    let turn = turn(&state).await?;
    // A stolen session must not become a way to guess the password.
    if let Some(until) = state
        .identity()
        .begin_sign_in(&tenant, user.as_str())
        .await?
    {
        return Err(shut(until.as_s() - state.now().as_s()));
    }
    let known = state
        .identity()
        .user(&tenant, &user)
        .await?
        .ok_or_else(|| ApiError::new(Kind::Unauthenticated, "The session has ended."))?;
    let kept = known.password_hash.clone();
    let right = with_password(&turn, current, move |current| {
        password::verify(current, &kept)
    })
    .await?;
    let act = Act::new("change_password").on("person", &user);
    if !matches!(right, Ok(true)) {
        state.audit_refusal(&by, act).await;
        return Err(ApiError::new(
            Kind::BadCredentials,
            "The current password is wrong.",
        ));
    }
    let salt = state.random::<16>()?;
    let hash = with_password(&turn, new, move |new| password::hash(new, salt))
        .await?
        .map_err(ApiError::internal)?;
    let changed = state
        .identity()
        .set_password(&tenant, &user, &hash, false, Some(known.password_version))
        .await?;
    if !changed {
        return Err(ApiError::new(
            Kind::Conflict,
            "The password was changed meanwhile: sign in again.",
        ));
    }
    state.identity().end_sign_in(&tenant, user.as_str()).await?;
    state.identity().end_sessions(&tenant, &user).await?;
    tracing::info!(%user, %tenant, "password changed");
    state.audit(&by, act).await?;
    let changed = User {
        one_time: false,
        password_version: known.password_version.saturating_add(1),
        ..known
    };
    begin(&state, &tenant, &changed, &headers, is_cookie).await
}
