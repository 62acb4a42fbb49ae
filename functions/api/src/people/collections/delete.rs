//! Removing a collection.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use records::Collections;
use schemas::{CollectionId, api::Problem};

use super::{
    detail, kept,
    uses::{excepted, uses},
};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    etag,
    extract::FromPath,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Removes a collection that nothing uses any more. With `if-match` only in the state that it names.
#[utoipa::path(
    delete,
    path = "/api/v1/collections/{id}",
    tag = "collections",
    operation_id = "delete_collection",
    params(
        ("id" = CollectionId, Path, description = "The collection"),
        ("if-match" = Option<String>, Header, description = "ETag of the state that is removed"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such collection", body = Problem),
        (status = 409, description = "It is used; the problem says by whom", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["collections.manage"]))
)]
pub(crate) async fn delete(
    caller: Scoped<needs::ManageCollections>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<CollectionId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let collections = Collections(state.platform());
    let (record, revision) = collections
        .get(caller.tenant(), &id)
        .await?
        .filter(|(record, _)| caller.may_see(kept(record)))
        .ok_or_else(|| ApiError::not_found("collection"))?;
    if headers.contains_key(header::IF_MATCH) {
        etag::must_match(&headers, revision)?;
    }
    // Whoever is given the collection after this look has a role for nothing, never for more.
    let mut users = uses(&state, caller.tenant(), &id).await?;
    users.extend(excepted(&state, caller.tenant(), &id).await?);
    if !users.is_empty() {
        return Err(ApiError::new(
            Kind::InUse,
            format!("It limits {}: take it from them first.", users.join(", ")),
        ));
    }
    if !collections.remove(caller.tenant(), &id, revision).await? {
        return Err(etag::changed());
    }
    let act = Act::new("delete_collection").on("collection", &id);
    state.audit(&caller, act.before(&detail(record))?).await?;
    tracing::info!(collection = %id, by = caller.name(), tenant = %caller.tenant(), "collection removed");
    Ok(StatusCode::NO_CONTENT)
}
