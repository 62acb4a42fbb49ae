//! The second factor of signing in: codes of a device of the person's, and recovery codes for when it is lost.

pub(crate) mod begin;
pub(crate) mod confirm;
pub(crate) mod remove;

use access::{
    password,
    totp::{Seed, recovery_hash},
};
use records::{
    Secrets,
    identity::{SecondFactor, User},
};
use schemas::{TenantId, UserId};
use secrecy::SecretString;

use super::{shut, turn, with_password};
use crate::{
    audit::Act,
    auth::Principal,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// What a seed is sealed for.
fn thing(user: &UserId) -> String {
    format!("users/{user}/second-factor")
}

async fn seed(
    state: &ApiState,
    tenant: &TenantId,
    user: &UserId,
    factor: &SecondFactor,
) -> Result<Seed, ApiError> {
    let opened = Secrets(state.platform())
        .open(tenant, &thing(user), &factor.seed)
        .await?;
    Seed::parse(&opened).ok_or_else(|| ApiError::internal("a kept seed is none"))
}

/// Takes a code of a person who has confirmed a second factor, once; whoever has none needs none.
pub(crate) async fn check(
    state: &ApiState,
    tenant: &TenantId,
    user: &User,
    revision: u64,
    code: Option<&str>,
) -> Result<(), ApiError> {
    let Some(factor) = user.confirmed_factor() else {
        return Ok(());
    };
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Err(ApiError::new(
            Kind::SecondFactorRequired,
            "Send `code`, too: the one that your device shows, or a recovery code.",
        ));
    };
    let wrong = || {
        ApiError::new(
            Kind::BadCredentials,
            "The code is wrong, was used before, or its time is over.",
        )
    };
    let mut after = factor.clone();
    let seed = seed(state, tenant, &user.id, factor).await?;
    match seed.step_of(code, state.now(), factor.last_step) {
        Some(step) => after.last_step = step,
        None => {
            let hash = recovery_hash(code);
            let before = after.recovery_hashes.len();
            after.recovery_hashes.retain(|kept| *kept != hash);
            if after.recovery_hashes.len() == before {
                return Err(wrong());
            }
        }
    }
    // Of two at once with one code, one is first.
    let put = state
        .identity()
        .put_second_factor(tenant, user, revision, Some(after));
    if put.await? { Ok(()) } else { Err(wrong()) }
}

/// The caller, who shows their password anew: a session that was left open must not be enough to change how one signs in.
async fn by_password(
    state: &ApiState,
    caller: &Principal,
    user: &UserId,
    operation: &'static str,
    current: SecretString,
) -> Result<(User, u64), ApiError> {
    let (tenant, identity) = (&caller.tenant, state.identity());
    let turn = turn(state).await?;
    if let Some(until) = identity.begin_sign_in(tenant, user.as_str()).await? {
        return Err(shut(until.as_s() - state.now().as_s()));
    }
    let ended = || ApiError::new(Kind::Unauthenticated, "The session has ended.");
    let (known, revision) = identity.user_at(tenant, user).await?.ok_or_else(ended)?;
    let kept = known.password_hash.clone();
    let right = with_password(&turn, current, move |current| {
        password::verify(current, &kept)
    });
    if !matches!(right.await?, Ok(true)) {
        let act = Act::new(operation).on("person", user);
        state.audit_refusal(caller, act).await;
        return Err(ApiError::new(
            Kind::BadCredentials,
            "The current password is wrong.",
        ));
    }
    Ok((known, revision))
}
