//! Listing registries.

use axum::{Json, extract::State};
use records::Registries;
use schemas::api::{page::PageQuery, registry::RegistryList};

use super::detail;
use crate::{
    auth::{Allowed, needs},
    cursor::List,
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Registries, without secrets, by id.
#[utoipa::path(
    get,
    path = "/api/v1/registries",
    tag = "registries",
    operation_id = "list_registries",
    params(PageQuery),
    responses((status = 200, description = "One page", body = RegistryList)),
    security(("session" = ["registries.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadRegistries>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<RegistryList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "registries", "");
    let registries = Registries(state.platform());
    let read = |limit, cursor| registries.list(caller.tenant(), limit, cursor);
    let (found, next_cursor) = list.page(&page, read).await?;
    let ids: Vec<_> = found.iter().map(|record| record.id.clone()).collect();
    let mut runs = registries.runs(caller.tenant(), &ids).await?;
    let mut shown = Vec::with_capacity(found.len());
    for record in found {
        let at = runs.iter().position(|(id, _)| *id == record.id);
        let run = at.map(|at| runs.swap_remove(at).1);
        shown.push(detail(record, run));
    }
    Ok(Json(RegistryList {
        registries: shown,
        next_cursor,
    }))
}
