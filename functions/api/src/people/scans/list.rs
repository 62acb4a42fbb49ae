//! Listing scans.

use axum::{Json, extract::State};
use platform::Cursor;
use records::Scans;
use schemas::api::{page::PageQuery, scan::ScanList};

use super::row;
use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Scans that builds sent, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/scans",
    tag = "scans",
    operation_id = "list_scans",
    params(PageQuery),
    responses((status = 200, description = "One page", body = ScanList)),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<ScanList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "scans", "");
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = Scans(state.platform())
        .list(caller.tenant(), limit(page.limit)?, cursor)
        .await?;
    Ok(Json(ScanList {
        scans: found.records.into_iter().map(row).collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
