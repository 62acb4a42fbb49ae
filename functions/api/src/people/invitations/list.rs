//! Listing invitations.

use axum::{Json, extract::State};
use schemas::api::{page::PageQuery, person::InvitationList};

use super::detail;
use crate::{
    auth::{Allowed, needs},
    cursor::List,
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
    let identity = state.identity();
    let read = |limit, cursor| identity.list(caller.tenant(), limit, cursor);
    let (found, next_cursor) = list.page(&page, read).await?;
    let now = state.now();
    Ok(Json(InvitationList {
        invitations: found.into_iter().map(|kept| detail(kept, now)).collect(),
        next_cursor,
    }))
}
