//! Listing invitations.

use axum::{Json, extract::State};
use platform::Cursor;
use schemas::api::{page::PageQuery, person::InvitationList};

use super::detail;
use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Invitations, without their secrets, by id. One is listed for 90 days after its time is over.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    tag = "people",
    operation_id = "list_invitations",
    params(PageQuery),
    responses((status = 200, description = "One page", body = InvitationList)),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<InvitationList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "invitations", "");
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .invitations(caller.tenant(), limit(page.limit)?, cursor)
        .await?;
    let now = state.now();
    let invitations = found.records.into_iter().map(|kept| detail(kept, now));
    Ok(Json(InvitationList {
        invitations: invitations.collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
