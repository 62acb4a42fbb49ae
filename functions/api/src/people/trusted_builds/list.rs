//! Listing which builds are trusted.

use axum::{Json, extract::State};
use schemas::api::{page::PageQuery, trusted_build::TrustedBuildList};

use super::row;
use crate::{
    auth::{Allowed, needs},
    cursor::List,
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Rules that say which builds are trusted, by id.
#[utoipa::path(
    get,
    path = "/api/v1/trusted-builds",
    tag = "tokens",
    operation_id = "list_trusted_builds",
    params(PageQuery),
    responses((status = 200, description = "One page", body = TrustedBuildList)),
    security(("session" = ["tokens.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadTokens>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<TrustedBuildList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "trusted-builds", "");
    let identity = state.identity();
    let read = |limit, cursor| identity.list(caller.tenant(), limit, cursor);
    let (found, next_cursor) = list.page(&page, read).await?;
    Ok(Json(TrustedBuildList {
        trusted_builds: found.into_iter().map(row).collect(),
        next_cursor,
    }))
}
