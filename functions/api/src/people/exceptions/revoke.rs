//! Revoking an exception.

use axum::{extract::State, http::HeaderMap, response::Response};
use records::ExceptionRecord;
use schemas::{
    ExceptionId,
    api::{
        Problem,
        exception::{DecideException, ExceptionDetail},
    },
    exception::ExceptionState,
};

use super::{answer, change, decided, decision, detail, must_be};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::{FromJson, FromPath},
    problem::ApiError,
    state::ApiState,
};

/// Takes an exception back that is in force or waits for a decision: what it hid is there again, in lists that are at most a
/// minute behind. With `if-match` only in the state that it names.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions/{id}/revoke",
    tag = "exceptions",
    operation_id = "revoke_exception",
    params(
        ("id" = ExceptionId, Path, description = "The exception"),
        ("if-match" = Option<String>, Header, description = "ETag of the state that is taken back"),
    ),
    request_body = DecideException,
    responses(
        (status = 200, description = "It is revoked", body = ExceptionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A comment that is too long", body = Problem),
        (status = 403, description = "The caller does not reach all of where it holds", body = Problem),
        (status = 404, description = "No such exception", body = Problem),
        (status = 409, description = "It is neither in force nor waits for a decision", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["exceptions.decide"]))
)]
pub(crate) async fn revoke(
    caller: Scoped<needs::DecideExceptions>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ExceptionId>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<DecideException>,
) -> Result<Response, ApiError> {
    let now = state.now();
    let (before, revision) = decided(&state, &caller, &id, &headers).await?;
    must_be(
        &before,
        &[ExceptionState::Requested, ExceptionState::Approved],
        now,
        "only what is in force or waits for a decision is revoked",
    )?;
    let record = ExceptionRecord {
        state: ExceptionState::Revoked,
        revocation: Some(decision(wanted, caller.name(), now)?),
        ..before.clone()
    };
    change(&state, caller.tenant(), &record, revision).await?;
    tracing::info!(exception = %id, by = caller.name(), tenant = %caller.tenant(), "exception revoked");
    let act = Act::new("revoke_exception").on("exception", &id);
    let act = act
        .before(&detail(before, now))?
        .after(&detail(record, now))?;
    state.audit(&caller, act).await?;
    answer(&state, caller.tenant(), &id).await
}
