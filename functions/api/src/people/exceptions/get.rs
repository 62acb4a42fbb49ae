//! One exception.

use axum::{Json, extract::State, response::Response};
use records::Exceptions;
use schemas::{
    ExceptionId,
    api::{Problem, exception::ExceptionDetail},
};

use super::{detail, seen::Seen};
use crate::{
    auth::{Scoped, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// An exception. Whoever is limited to collections finds those that reach no further, and those that are in force everywhere.
#[utoipa::path(
    get,
    path = "/api/v1/exceptions/{id}",
    tag = "exceptions",
    operation_id = "get_exception",
    params(("id" = ExceptionId, Path, description = "The exception")),
    responses(
        (status = 200, description = "The exception", body = ExceptionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such exception", body = Problem),
    ),
    security(("session" = ["exceptions.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadExceptions>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ExceptionId>,
) -> Result<Response, ApiError> {
    let found = Exceptions(state.platform())
        .get(caller.tenant(), &id)
        .await?;
    let (record, revision) = found.ok_or_else(|| ApiError::not_found("exception"))?;
    let seen = Seen::of(&state, caller.tenant(), caller.scope(), [&record]).await?;
    if !seen.has(&record) {
        return Err(ApiError::not_found("exception"));
    }
    etag::tagged(Json(detail(record, state.now())), revision)
}
