//! One person.

use axum::{Json, extract::State, response::Response};
use schemas::{
    UserId,
    api::{Problem, person::PersonDetail},
};

use super::detail;
use crate::{
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// A person.
#[utoipa::path(
    get,
    path = "/api/v1/people/{id}",
    tag = "people",
    operation_id = "get_person",
    params(("id" = UserId, Path, description = "Their login")),
    responses(
        (status = 200, description = "The person", body = PersonDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such person", body = Problem),
    ),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<UserId>,
) -> Result<Response, ApiError> {
    let found = state.identity().user_at(caller.tenant(), &id).await?;
    let (user, revision) = found.ok_or_else(|| ApiError::not_found("person"))?;
    etag::tagged(Json(detail(&user)), revision)
}
