//! Rejecting an exception.

use axum::{extract::State, http::HeaderMap, response::Response};
use records::{ExceptionRecord, Exceptions};
use schemas::{
    ExceptionId,
    api::{
        Problem,
        exception::{DecideException, ExceptionDetail},
    },
    exception::ExceptionState,
};

use super::{answer, decided, decision, detail, must_be};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    etag,
    extract::{FromJson, FromPath},
    problem::ApiError,
    state::ApiState,
};

/// Rejects an exception that waits for a decision. With `if-match` only in the state that it names.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions/{id}/reject",
    tag = "exceptions",
    operation_id = "reject_exception",
    params(
        ("id" = ExceptionId, Path, description = "The exception"),
        ("if-match" = Option<String>, Header, description = "ETag of the state that is decided on"),
    ),
    request_body = DecideException,
    responses(
        (status = 200, description = "It is rejected", body = ExceptionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A comment that is too long", body = Problem),
        (status = 403, description = "The caller does not reach all of where it was to hold", body = Problem),
        (status = 404, description = "No such exception", body = Problem),
        (status = 409, description = "It does not wait for a decision", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["exceptions.decide"]))
)]
pub(crate) async fn reject(
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
        &[ExceptionState::Requested],
        now,
        "what is in force is revoked, and what waits for a decision is rejected",
    )?;
    let record = ExceptionRecord {
        state: ExceptionState::Rejected,
        decision: Some(decision(wanted, caller.name(), now)?),
        ..before.clone()
    };
    let exceptions = Exceptions(state.platform());
    if !exceptions
        .put(caller.tenant(), &record, Some(revision))
        .await?
    {
        return Err(etag::changed());
    }
    tracing::info!(exception = %id, by = caller.name(), tenant = %caller.tenant(), "exception rejected");
    let act = Act::new("reject_exception").on("exception", &id);
    let act = act
        .before(&detail(before, now))?
        .after(&detail(record, now))?;
    state.audit(&caller, act).await?;
    answer(&state, caller.tenant(), &id).await
}
