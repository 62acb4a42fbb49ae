//! Listing hosts.

use axum::{Json, extract::State};
use schemas::{
    Place, PlaceKind,
    api::{
        Problem,
        place::{HostList, HostRow, PlaceQuery},
    },
};

use crate::{
    auth::{Scoped, needs},
    extract::FromQuery,
    people::standing::{places, standing},
    problem::ApiError,
    state::ApiState,
};

/// Hosts, highest score first unless `sort` says otherwise. One is listed once it has been judged.
#[utoipa::path(
    get,
    path = "/api/v1/hosts",
    tag = "hosts",
    operation_id = "list_hosts",
    params(PlaceQuery),
    responses(
        (status = 200, description = "One page", body = HostList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["hosts.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadHosts>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<PlaceQuery>,
) -> Result<Json<HostList>, ApiError> {
    let page = places(
        &state,
        caller.tenant(),
        caller.scope(),
        PlaceKind::Host,
        &query,
    )
    .await?;
    let rows = page.rows.into_iter().filter_map(|summary| {
        let Place::Host(id) = summary.place.clone() else {
            return None;
        };
        Some(HostRow {
            id,
            name: summary.name.clone(),
            os: Some(summary.os.clone()).filter(|os| !os.is_empty()),
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
