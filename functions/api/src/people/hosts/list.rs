//! Listing hosts.

use axum::{Json, extract::State};
use schemas::{
    Place, PlaceKind,
    api::{
        page::PageQuery,
        place::{HostList, HostRow},
    },
};

use crate::{
    auth::{Allowed, needs},
    extract::FromQuery,
    people::standing::{places, standing},
    problem::ApiError,
    state::ApiState,
};

/// Hosts, highest score first. One is listed once it has been judged.
#[utoipa::path(
    get,
    path = "/api/v1/hosts",
    tag = "hosts",
    operation_id = "list_hosts",
    params(PageQuery),
    responses((status = 200, description = "One page", body = HostList)),
    security(("session" = ["hosts.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadHosts>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<HostList>, ApiError> {
    let page = places(&state, caller.tenant(), PlaceKind::Host, &page).await?;
    let rows = page.rows.into_iter().filter_map(|summary| {
        let Place::Host(id) = summary.place.clone() else {
            return None;
        };
        Some(HostRow {
            id,
            name: summary.name.clone(),
            standing: standing(summary),
        })
    });
    Ok(Json(HostList {
        hosts: rows.collect(),
        total: page.total,
        next_cursor: page.next_cursor,
        as_of: Some(page.as_of),
    }))
}
