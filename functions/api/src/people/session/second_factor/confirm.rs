//! Confirming that a device makes the right codes.

use access::totp::{RECOVERY_CODES, recovery_code, recovery_hash};
use axum::{Json, extract::State};
use records::identity::SecondFactor;
use schemas::api::{
    Problem,
    session::{ConfirmSecondFactor, RecoveryCodes},
};
use secrecy::ExposeSecret;

use super::{super::shut, seed};
use crate::{
    audit::Act,
    auth::SignedIn,
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Confirms the second factor that was begun: from now on signing in takes a code. The recovery codes are in this answer and
/// nowhere else; each is good once.
#[utoipa::path(
    post,
    path = "/api/v1/session/second-factor/confirm",
    tag = "session",
    operation_id = "confirm_second_factor",
    request_body = ConfirmSecondFactor,
    responses(
        (status = 200, description = "The recovery codes, shown this once", body = RecoveryCodes),
        (status = 401, description = "The code is wrong", body = Problem),
        (status = 409, description = "None was begun", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn confirm(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromJson(request): FromJson<ConfirmSecondFactor>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    let (user, _) = caller.came.session()?;
    let (tenant, identity) = (&caller.tenant, state.identity());
    let none = || {
        ApiError::new(
            Kind::Conflict,
            "No second factor waits to be confirmed: begin with `POST /api/v1/session/second-factor`.",
        )
    };
    if let Some(until) = identity.begin_sign_in(tenant, user.as_str()).await? {
        return Err(shut(until.as_s() - state.now().as_s()));
    }
    let (known, revision) = identity.user_at(tenant, user).await?.ok_or_else(none)?;
    let begun = known.second_factor.clone();
    let begun = begun.filter(|factor| factor.confirmed_at.is_none());
    let begun = begun.ok_or_else(none)?;
    let now = state.now();
    let seed = seed(&state, tenant, user, &begun).await?;
    let act = Act::new("confirm_second_factor").on("person", user);
    let Some(step) = seed.step_of(request.code.trim(), now, begun.last_step) else {
        state.audit_refusal(&caller, act).await;
        return Err(ApiError::new(
            Kind::BadCredentials,
            "The code is wrong: look at the device's clock, or begin again.",
        ));
    };
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        codes.push(recovery_code(state.random()?));
    }
    let hashes = codes.iter().map(|code| recovery_hash(code.expose_secret()));
    let factor = SecondFactor {
        confirmed_at: Some(now),
        last_step: step,
        recovery_hashes: hashes.collect(),
        ..begun
    };
    let put = identity.put_second_factor(tenant, &known, revision, Some(factor));
    if !put.await? {
        return Err(none());
    }
    identity.end_sign_in(tenant, user.as_str()).await?;
    state.audit(&caller, act).await?;
    tracing::info!(%user, %tenant, "second factor confirmed");
    let codes = codes.iter().map(|code| code.expose_secret().to_owned());
    Ok(Json(RecoveryCodes {
        recovery_codes: codes.collect(),
    }))
}
