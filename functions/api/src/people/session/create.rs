//! Signing in with login and password.

use std::net::IpAddr;

use access::password;
use axum::{extract::State, http::HeaderMap, response::Response};
use schemas::{
    TenantId, UserId,
    api::{
        Problem,
        session::{SessionReply, SignIn},
    },
};
use secrecy::SecretString;

use super::{
    begin::{begin, settings},
    second_factor, shut, turn, with_password,
};
use crate::{
    audit::{Act, Somebody},
    auth,
    extract::FromJson,
    frame,
    problem::{ApiError, Kind},
    request_id,
    state::ApiState,
};

/// Where an attempt comes from.
struct Source<'a> {
    state: &'a ApiState,
    tenant: &'a TenantId,
    address: IpAddr,
}

impl Source<'_> {
    /// Fails while nothing is tried for the address.
    async fn is_open(&self) -> Result<(), ApiError> {
        let identity = self.state.identity();
        let shut = identity.address_shut_until(self.tenant, self.address);
        let Some(until) = shut.await? else {
            return Ok(());
        };
        let seconds = until.as_s().saturating_sub(self.state.now().as_s());
        let seconds = u64::try_from(seconds).unwrap_or(0).max(1);
        Err(ApiError {
            retry_after_s: Some(seconds),
            ..ApiError::new(
                Kind::TooManyAttempts,
                format!("Nothing is tried for this address for {seconds} seconds."),
            )
        })
    }

    /// Counts a failure.
    async fn failed(&self) -> Result<(), ApiError> {
        let free = settings(self.state, self.tenant).await?.failures_of_address;
        let identity = self.state.identity();
        identity
            .address_failed(self.tenant, self.address, free)
            .await?;
        Ok(())
    }
}

/// The address that the request came from, where that is known. This machine's is none: a proxy that was not named has it, and
/// everybody behind it would answer for each other.
fn origin_address() -> Option<IpAddr> {
    let address: IpAddr = request_id::origin().address?.parse().ok()?;
    (!address.is_loopback()).then_some(address)
}

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
        (status = 200, description = "A session: its token for 15 minutes and what renews it, or its cookie", body = SessionReply),
        (status = 401, description = "Wrong login or password, or a code is needed, too", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    ),
    security(())
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    headers: HeaderMap,
    FromJson(request): FromJson<SignIn>,
) -> Result<Response, ApiError> {
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
    let source = match origin_address() {
        Some(address) if known => Some(Source {
            state: &state,
            tenant: &tenant,
            address,
        }),
        _ => None,
    };
    if let Some(source) = &source {
        source.is_open().await?;
    }
    if known && let Some(until) = state.identity().begin_sign_in(&tenant, &login).await? {
        return Err(shut(until.as_s() - state.now().as_s()));
    }
    let failed = async || match &source {
        Some(source) => source.failed().await,
        None => Ok(()),
    };
    // What nobody is called may be a password in the wrong field, so it is not told.
    let act = Act::new("create_session");
    let user = match login.parse::<UserId>() {
        Ok(id) => state.identity().user_at(&tenant, &id).await?,
        Err(_) => None,
    };
    let Some((user, revision)) = user else {
        with_password(&turn, password, password::verify_nobody).await?;
        if known {
            state
                .audit_refusal(&Somebody::anonymous(&tenant), act)
                .await;
        }
        failed().await?;
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
            failed().await?;
            return Err(wrong());
        }
        Err(error) => return Err(ApiError::internal(error)),
    }
    if user.disabled_at.is_some() {
        tracing::info!(user = %user.id, %tenant, "somebody disabled tried to sign in");
        return Err(wrong());
    }
    let code = request.code.as_deref();
    if let Err(error) = second_factor::check(&state, &tenant, &user, revision, code).await {
        // Asking for the code is a step of signing in, a wrong one is none.
        if code.is_some() {
            let act = act.on("person", &user.id);
            state
                .audit_refusal(&Somebody::anonymous(&tenant), act)
                .await;
            failed().await?;
        }
        return Err(error);
    }
    frame::is_of(&tenant);
    state.identity().end_sign_in(&tenant, &login).await?;
    let by = Somebody::of(&tenant, auth::person(&user.id, &user.role_names()));
    state.audit(&by, act.on("person", &user.id)).await?;
    begin(&state, &tenant, &user, &headers, request.cookie).await
}
