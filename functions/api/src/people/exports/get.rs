//! One page of a tenant's records of a kind.

use axum::{Json, extract::State};
use platform::Cursor;
use records::export;
use schemas::api::{
    export::{ExportNoun, ExportPage},
    page::PageQuery,
};

use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::{FromPath, FromQuery},
    problem::ApiError,
    state::ApiState,
};

/// Records of one kind as they are stored, without secrets. Page by page and kind by kind this is everything that a tenant
/// has but its documents; these are what the lists of findings and packages answer.
#[utoipa::path(
    get,
    path = "/api/v1/exports/{noun}",
    tag = "exports",
    operation_id = "export",
    params(("noun" = ExportNoun, Path, description = "What is exported"), PageQuery),
    responses((status = 200, description = "One page", body = ExportPage)),
    security(("session" = ["tenant.export"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ExportTenant>,
    State(state): State<ApiState>,
    FromPath(noun): FromPath<ExportNoun>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<ExportPage>, ApiError> {
    let list = List::new(&state, caller.tenant(), "exports", export::folder(noun));
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let tenant = caller.tenant();
    let limit = limit(page.limit)?;
    let found = export::page(state.platform(), tenant, noun, limit, cursor).await?;
    Ok(Json(ExportPage {
        version: export::VERSION,
        records: found.records,
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
