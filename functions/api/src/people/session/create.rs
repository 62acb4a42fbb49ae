//! Signing in with login and password.

use access::{password, session::Person};
use axum::{Json, extract::State};
use schemas::{
    TenantId, Timestamp, UserId,
    api::{
        Problem, RoleName,
        session::{SessionReply, SignIn},
    },
};
use secrecy::SecretString;

use super::{shut, turn, with_password};
use crate::{
    audit::{Act, Somebody},
    auth,
    extract::FromJson,
    frame,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// The tenant of those who do not name one.
const DEFAULT_TENANT: &str = "default";
/// Longest login, in bytes.
const MAX_LOGIN_BYTES: usize = 128;

/// Signs in. With a one-time password the session can do nothing but change it.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "session",
    operation_id = "create_session",
    request_body = SignIn,
    responses(
        (status = 200, description = "A session of 15 minutes", body = SessionReply),
        (status = 401, description = "Wrong login or password", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    ),
    security(())
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    FromJson(request): FromJson<SignIn>,
) -> Result<Json<SessionReply>, ApiError> {
    let wrong = || ApiError::new(Kind::BadCredentials, "The login or the password is wrong.");
    let password = SecretString::from(request.password);
    let tenant = match request.tenant {
        Some(tenant) => tenant,
        None => DEFAULT_TENANT
            .parse::<TenantId>()
            .map_err(ApiError::internal)?,
    };
    let login = request.login.trim().to_lowercase();
    if login.len() > MAX_LOGIN_BYTES {
        return Err(wrong());
    }
    let turn = turn(&state).await?;
    // Attempts are counted in known tenants only, so that strangers cannot fill the store with names of tenants.
    let known = state.identity().tenant(&tenant).await?.is_some();
    if known && let Some(until) = state.identity().begin_sign_in(&tenant, &login).await? {
        return Err(shut(until.as_s() - state.now().as_s()));
    }
    // What nobody is called may be a password in the wrong field, so it is not told.
    let act = Act::new("create_session");
    let user = match login.parse::<UserId>() {
        Ok(id) => state.identity().user(&tenant, &id).await?,
        Err(_) => None,
    };
    let Some(user) = user else {
        with_password(&turn, password, password::verify_nobody).await?;
        if known {
            state
                .audit_refusal(&Somebody::anonymous(&tenant), act)
                .await;
        }
        return Err(wrong());
    };
    let kept = user.password_hash.clone();
    let right = with_password(&turn, password, move |password| {
        password::verify(password, &kept)
    })
    .await?;
    match right {
        Ok(true) => {}
        Ok(false) | Err(password::PasswordError::TooLong) => {
            tracing::info!(user = %user.id, %tenant, "sign-in failed");
            let act = act.on("person", &user.id);
            state
                .audit_refusal(&Somebody::anonymous(&tenant), act)
                .await;
            return Err(wrong());
        }
        Err(error) => return Err(ApiError::internal(error)),
    }
    if user.disabled_at.is_some() {
        tracing::info!(user = %user.id, %tenant, "somebody disabled tried to sign in");
        return Err(wrong());
    }
    frame::is_of(&tenant);
    state.identity().end_sign_in(&tenant, &login).await?;
    let roles = user.role_names();
    let person = Person {
        user: user.id,
        tenant,
        must_change_password: user.one_time,
        password_version: user.password_version,
    };
    let by = Somebody::of(&person.tenant, auth::person(&person.user, &roles));
    let act = act.on("person", &person.user);
    state.audit(&by, act).await?;
    reply(&state, person, roles)
}

/// A new session for a person.
pub(super) fn reply(
    state: &ApiState,
    person: Person,
    roles: Vec<RoleName>,
) -> Result<Json<SessionReply>, ApiError> {
    let (key, _) = state.session_key();
    let (session, token) = access::session::issue(person, state.now(), state.random::<16>()?, key)
        .map_err(ApiError::internal)?;
    tracing::info!(user = %session.person.user, tenant = %session.person.tenant, session = %session.id, "signed in");
    Ok(Json(SessionReply {
        token,
        expires_at: Timestamp::from_ms(session.expires_at_s.saturating_mul(1000)),
        user: session.person.user,
        tenant: session.person.tenant,
        roles,
        must_change_password: session.person.must_change_password,
    }))
}
