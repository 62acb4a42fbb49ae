//! Making an enrolment token.

use axum::{Json, extract::State, http::StatusCode};
use schemas::api::{
    Problem,
    enrolment_token::{CreatedEnrolmentToken, NewEnrolmentToken},
};
use secrecy::ExposeSecret;

use super::{hosts, row};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    setup::{TokenWish, make_token},
    state::ApiState,
};

const DAY_S: u64 = 24 * 60 * 60;
const MAX_VALID_FOR_S: u64 = 365 * DAY_S;
const MAX_USES: u32 = 100_000;
const MAX_NOTE_CHARS: usize = 200;

/// Makes an enrolment token. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/enrolment-tokens",
    tag = "enrolment tokens",
    operation_id = "create_enrolment_token",
    request_body = NewEnrolmentToken,
    responses(
        (status = 201, description = "The token, shown this once", body = CreatedEnrolmentToken),
        (status = 400, description = "A value out of bounds", body = Problem),
    ),
    security(("session" = ["enrolment_tokens.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManageEnrolmentTokens>,
    State(state): State<ApiState>,
    FromJson(request): FromJson<NewEnrolmentToken>,
) -> Result<(StatusCode, Json<CreatedEnrolmentToken>), ApiError> {
    let bad = |why: String| Err(ApiError::new(Kind::BadRequest, why));
    let valid_for_s = request.valid_for_s.unwrap_or(DAY_S);
    if !(60..=MAX_VALID_FOR_S).contains(&valid_for_s) {
        return bad(format!("`valid_for_s` is 60 to {MAX_VALID_FOR_S}."));
    }
    let max_uses = request.max_uses.unwrap_or(1);
    if !(1..=MAX_USES).contains(&max_uses) {
        return bad(format!("`max_uses` is 1 to {MAX_USES}."));
    }
    if request.note.chars().count() > MAX_NOTE_CHARS || request.note.chars().any(char::is_control) {
        return bad(format!(
            "`note` has at most {MAX_NOTE_CHARS} characters and no control characters."
        ));
    }
    if let Err(why) = hosts(&request.hosts) {
        return bad(format!("{why}."));
    }
    let wish = TokenWish {
        note: request.note,
        created_by: caller.name().to_owned(),
        valid_for_s,
        max_uses,
        hosts: request.hosts,
    };
    let (token, stored) = make_token(&state, caller.tenant(), wish).await?;
    let row = row(stored.clone(), state.now());
    let act = Act::new("create_enrolment_token").on("enrolment_token", &stored.id);
    state.audit(&caller, act.after(&row)?).await?;
    tracing::info!(token = %stored.id, by = caller.name(), tenant = %caller.tenant(), "enrolment token made");
    let created = CreatedEnrolmentToken {
        token: token.expose_secret().to_owned(),
        enrolment_token: row,
    };
    Ok((StatusCode::CREATED, Json(created)))
}
