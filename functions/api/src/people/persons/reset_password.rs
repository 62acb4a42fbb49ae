//! Giving somebody who forgot their password a one-time password.

use axum::{Json, extract::State};
use schemas::{
    UserId,
    api::{Problem, person::OneTimePassword},
};
use secrecy::ExposeSecret;

use super::changeable;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::{ApiError, Kind},
    setup::SetupError,
    state::ApiState,
};

/// Gives a person a one-time password in place of theirs; their sessions end. It is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/people/{id}/password",
    tag = "people",
    operation_id = "reset_password",
    params(("id" = UserId, Path, description = "Their login")),
    responses(
        (status = 200, description = "The one-time password, shown this once", body = OneTimePassword),
        (status = 403, description = "They may do more than the caller", body = Problem),
        (status = 404, description = "No such person", body = Problem),
        (status = 409, description = "They sign in by an identity provider", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn reset_password(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<UserId>,
) -> Result<Json<OneTimePassword>, ApiError> {
    caller.person()?;
    let (user, _) = changeable(&state, &caller, &id).await?;
    if user.external.is_some() {
        return Err(ApiError::new(
            Kind::Conflict,
            "They sign in by an identity provider and have no password here.",
        ));
    }
    // A hash takes memory and a core: no more at once than for signing in.
    let _turn = state
        .hashing()
        .acquire()
        .await
        .map_err(ApiError::internal)?;
    let reset = state.new_password(caller.tenant(), &id).await;
    let password = reset.map_err(|error| match error {
        SetupError::Store(error) => error.into(),
        SetupError::NoUser(_) => ApiError::not_found("person"),
        other => ApiError::internal(other),
    })?;
    let act = Act::new("reset_password").on("person", &id);
    state.audit(&caller, act).await?;
    tracing::info!(user = %id, by = caller.name(), tenant = %caller.tenant(), "password reset");
    Ok(Json(OneTimePassword {
        user: id,
        one_time_password: password.expose_secret().to_owned(),
    }))
}
