//! Listing people.

use axum::{Json, extract::State};
use platform::Cursor;
use schemas::api::{page::PageQuery, person::PersonList};

use super::detail;
use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// The people of the tenant, by login.
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "people",
    operation_id = "list_people",
    params(PageQuery),
    responses((status = 200, description = "One page", body = PersonList)),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<PersonList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "people", "");
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .users(caller.tenant(), limit(page.limit)?, cursor)
        .await?;
    Ok(Json(PersonList {
        people: found.records.iter().map(detail).collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
