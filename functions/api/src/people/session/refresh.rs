//! Renewing a session.

use access::session_secret::SessionSecret;
use axum::{extract::State, http::HeaderMap, response::Response};
use records::identity::{Alert, HeldSession, SessionRecord};
use schemas::api::{
    Problem,
    session::{RefreshSession, SessionReply},
};
use secrecy::SecretBox;

use super::begin::hand_over;
use crate::{
    audit::{Act, Somebody},
    auth,
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Renews a session: a new token for the next 15 minutes, and the secret for the renewal after that. Each secret is good for
/// one renewal. One that comes again was copied, so the session ends and an alert is raised.
#[utoipa::path(
    post,
    path = "/api/v1/session/refresh",
    tag = "session",
    operation_id = "refresh_session",
    request_body = RefreshSession,
    responses(
        (status = 200, description = "The session goes on", body = SessionReply),
        (status = 401, description = "No session that can be renewed", body = Problem),
    ),
    security(())
)]
pub(crate) async fn refresh(
    State(state): State<ApiState>,
    headers: HeaderMap,
    FromJson(request): FromJson<RefreshSession>,
) -> Result<Response, ApiError> {
    let ended = || {
        ApiError::new(
            Kind::Unauthenticated,
            "The session has ended: sign in again.",
        )
    };
    let secret = SessionSecret::parse(&request.refresh_token).map_err(|_| ended())?;
    let tenant = secret.tenant().clone();
    let identity = state.identity();
    let found = identity.session(&tenant, secret.user(), secret.session());
    let held = found
        .await?
        .filter(|held| secret.is_of_family(&held.record.family_hash))
        .ok_or_else(ended)?;
    let HeldSession {
        person: user,
        record,
        version,
        settings,
    } = held;
    // Each costs a write.
    state.spend(&tenant).await?;
    // The secret of a cookie is not one for scripts: it does not change.
    if record.is_cookie {
        return Err(ended());
    }
    let mut renewed = None;
    if secret.has_hash(&record.secret_hash) {
        let next = secret.next(SecretBox::new(Box::new(state.random()?)));
        let record = SessionRecord {
            secret_hash: next.hash(),
            last_used_at: state.now(),
            ..record.clone()
        };
        if identity.put_session(&tenant, &record, version).await? {
            renewed = Some((record, next));
        }
    }
    // Somebody else was first with the same secret, be it before or at this moment.
    let Some((record, next)) = renewed else {
        identity.end_session(&tenant, &user.id, &record.id).await?;
        let roles = user.role_names();
        let (user, session) = (&user.id, &record.id);
        tracing::warn!(%user, %tenant, %session, "a replaced secret of a session came again");
        let by = Somebody::of(&tenant, auth::person(user, &roles));
        let act = Act::new("refresh_session").on("session", session);
        state.audit_refusal(&by, act).await;
        let alert = Alert::of_session("session-secret-reused", user, session, state.now());
        identity.raise(&tenant, &alert).await?;
        return Err(ended());
    };
    hand_over(&state, &tenant, &user, &record, &settings, &next, &headers)
}
