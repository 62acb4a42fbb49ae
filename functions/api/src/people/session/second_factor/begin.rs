//! Beginning to have a second factor.

use access::totp::Seed;
use axum::{Json, extract::State};
use records::{Secrets, identity::SecondFactor};
use schemas::api::{
    Problem,
    session::{BeginSecondFactor, SecondFactorSeed},
};
use secrecy::{ExposeSecret, SecretBox};

use super::{by_password, thing};
use crate::{
    audit::Act,
    auth::SignedIn,
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Its name in the audit log.
const OPERATION: &str = "begin_second_factor";

/// Makes a seed for a device that makes codes. It counts once a code of it was confirmed; one that was begun before is
/// replaced.
#[utoipa::path(
    post,
    path = "/api/v1/session/second-factor",
    tag = "session",
    operation_id = "begin_second_factor",
    request_body = BeginSecondFactor,
    responses(
        (status = 200, description = "The seed, shown this once", body = SecondFactorSeed),
        (status = 401, description = "The password is wrong", body = Problem),
        (status = 409, description = "There is a second factor: remove it first", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromJson(request): FromJson<BeginSecondFactor>,
) -> Result<Json<SecondFactorSeed>, ApiError> {
    let (user, _) = caller.came.session()?;
    let tenant = &caller.tenant;
    let (known, revision) =
        by_password(&state, &caller, user, OPERATION, request.current.into()).await?;
    if known.confirmed_factor().is_some() {
        return Err(ApiError::new(
            Kind::Conflict,
            "There is a second factor: remove it first.",
        ));
    }
    let seed = Seed::new(SecretBox::new(Box::new(state.random()?)));
    let text = seed.reveal();
    let factor = SecondFactor {
        seed: Secrets(state.platform())
            .seal(tenant, &thing(user), &text)
            .await?,
        confirmed_at: None,
        last_step: 0,
        recovery_hashes: Vec::new(),
    };
    let identity = state.identity();
    let put = identity.put_second_factor(tenant, &known, revision, Some(factor));
    if !put.await? {
        return Err(ApiError::new(
            Kind::Conflict,
            "You were changed meanwhile: begin again.",
        ));
    }
    identity.end_sign_in(tenant, user.as_str()).await?;
    let act = Act::new(OPERATION).on("person", user);
    state.audit(&caller, act).await?;
    Ok(Json(SecondFactorSeed {
        uri: seed.uri(tenant, user).expose_secret().to_owned(),
        seed: text.expose_secret().to_owned(),
    }))
}
