//! Beginning a session, and the forms in which it is handed over.

use access::{
    session::{self, Person},
    session_secret::SessionSecret,
};
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use records::identity::{SessionRecord, User, lacks_second_factor};
use schemas::{
    SessionId, TenantId, Timestamp,
    api::{session::SessionReply, session_settings::SessionSettings},
};
use secrecy::{ExposeSecret, SecretBox};

use crate::{cookie, problem::ApiError, request_id, state::ApiState};

/// Most bytes that are kept of what signed in calls itself.
const MAX_USER_AGENT_BYTES: usize = 200;

/// A new session of a person who has shown that they are it.
pub(crate) async fn begin(
    state: &ApiState,
    tenant: &TenantId,
    user: &User,
    headers: &HeaderMap,
    is_cookie: bool,
) -> Result<Response, ApiError> {
    let id: SessionId = state
        .random_hex::<16>()?
        .parse()
        .map_err(ApiError::internal)?;
    let secret = SessionSecret::new(
        tenant.clone(),
        user.id.clone(),
        id.clone(),
        SecretBox::new(Box::new(state.random()?)),
        SecretBox::new(Box::new(state.random()?)),
    );
    let settings = settings(state, tenant).await?;
    let now = state.now();
    let record = SessionRecord {
        id,
        user: user.id.clone(),
        password_version: user.password_version,
        family_hash: secret.family_hash(),
        secret_hash: secret.hash(),
        is_cookie,
        user_agent: user_agent(headers),
        address: request_id::origin().address,
        created_at: now,
        last_used_at: now,
        idle_ms: i64::from(settings.idle_s) * 1000,
        expires_at: now.plus_ms(i64::from(settings.absolute_s) * 1000),
    };
    state.identity().create_session(tenant, &record).await?;
    tracing::info!(user = %user.id, %tenant, session = %record.id, "signed in");
    hand_over(state, tenant, user, &record, &settings, &secret, headers)
}

/// A tenant's settings for sessions, as they are by themselves where nobody set them.
pub(crate) async fn settings(
    state: &ApiState,
    tenant: &TenantId,
) -> Result<SessionSettings, ApiError> {
    let found = state.identity().session_settings(tenant).await?;
    Ok(found.map_or_else(SessionSettings::default, |(kept, _)| kept.settings))
}

/// A session as its owner gets it: as a short token and the secret that renews it, or as a cookie.
pub(crate) fn hand_over(
    state: &ApiState,
    tenant: &TenantId,
    user: &User,
    record: &SessionRecord,
    settings: &SessionSettings,
    secret: &SessionSecret,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let mut reply = SessionReply {
        token: String::new(),
        refresh_token: None,
        expires_at: record.ends_at(),
        session: Some(record.id.clone()),
        session_ends_at: Some(record.expires_at),
        user: user.id.clone(),
        tenant: tenant.clone(),
        roles: user.role_names(),
        must_change_password: user.one_time,
        must_set_up_second_factor: lacks_second_factor(settings, user),
    };
    if record.is_cookie {
        let lasts_s = record.expires_at.as_s().saturating_sub(state.now().as_s());
        let cookie = cookie::set(state.behind_tls(), headers, &secret.reveal(), lasts_s);
        let mut response = Json(reply).into_response();
        let cookie = HeaderValue::try_from(cookie).map_err(ApiError::internal)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        return Ok(response);
    }
    let (key, _) = state.session_key();
    let person = Person {
        user: user.id.clone(),
        tenant: tenant.clone(),
        must_change_password: user.one_time,
        password_version: user.password_version,
    };
    let (session, token) = session::issue(person, &record.id, state.now(), state.random()?, key)
        .map_err(ApiError::internal)?;
    reply.token = token;
    let ends = Timestamp::from_ms(session.expires_at_s.saturating_mul(1000));
    reply.expires_at = ends;
    reply.refresh_token = Some(secret.reveal().expose_secret().to_owned());
    Ok(Json(reply).into_response())
}

/// What a caller calls itself, in printable ASCII.
fn user_agent(headers: &HeaderMap) -> String {
    let text = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_USER_AGENT_BYTES)
        .collect()
}
