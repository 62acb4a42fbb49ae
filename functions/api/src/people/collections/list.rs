//! Listing collections.

use axum::{Json, extract::State};
use records::{CollectionRecord, Collections};
use schemas::api::{
    Problem,
    collection::{CollectionList, CollectionQuery},
};

use super::{detail, kept};
use crate::{
    auth::{Scoped, needs},
    cursor::{Gathering, List, limit, search},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Collections, by id. `search` is sought in names, without regard to case. Whoever is limited to collections is shown those
/// that reach no further than one of these. A page may have fewer rows than were asked for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/collections",
    tag = "collections",
    operation_id = "list_collections",
    params(CollectionQuery),
    responses(
        (status = 200, description = "One page", body = CollectionList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["collections.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadCollections>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<CollectionQuery>,
) -> Result<Json<CollectionList>, ApiError> {
    let wanted = search(query.search.as_deref())?;
    let list = List::new(
        &state,
        caller.tenant(),
        "collections",
        &format!("{wanted:?}"),
    );
    let cursor = list.open_some(query.cursor.as_ref())?;
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    while let Some((room, at)) = gathering.next() {
        let collections = Collections(state.platform());
        let found = collections.list(caller.tenant(), room, at).await?;
        let records = found.records.into_iter();
        let is_wanted =
            |record: &CollectionRecord| wanted.is_in(&record.name) && caller.may_see(kept(record));
        gathering.add(records.filter(is_wanted), found.next);
    }
    let (records, next) = gathering.page();
    Ok(Json(CollectionList {
        collections: records.into_iter().map(detail).collect(),
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
