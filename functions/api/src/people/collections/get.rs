//! One collection.

use axum::{extract::State, response::Response};
use records::Collections;
use schemas::{
    CollectionId,
    api::{Problem, collection::CollectionDetail},
};

use super::{answer, kept};
use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// A collection. Whoever is limited to collections finds those that reach no further than one of these.
#[utoipa::path(
    get,
    path = "/api/v1/collections/{id}",
    tag = "collections",
    operation_id = "get_collection",
    params(("id" = CollectionId, Path, description = "The collection")),
    responses(
        (status = 200, description = "The collection", body = CollectionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such collection", body = Problem),
    ),
    security(("session" = ["collections.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadCollections>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<CollectionId>,
) -> Result<Response, ApiError> {
    let found = Collections(state.platform())
        .get(caller.tenant(), &id)
        .await?;
    let (record, revision) = found
        .filter(|(record, _)| caller.may_see(kept(record)))
        .ok_or_else(|| ApiError::not_found("collection"))?;
    answer(record, revision)
}
