//! Listing images.

use axum::{Json, extract::State};
use schemas::{
    Place, PlaceKind,
    api::{
        Problem,
        place::{ImageList, ImageRow, PlaceQuery},
    },
};

use crate::{
    auth::{Scoped, needs},
    extract::FromQuery,
    people::standing::{places, standing},
    problem::ApiError,
    state::ApiState,
};

/// Images, highest score first unless `sort` says otherwise. One is listed once it has been judged.
#[utoipa::path(
    get,
    path = "/api/v1/images",
    tag = "images",
    operation_id = "list_images",
    params(PlaceQuery),
    responses(
        (status = 200, description = "One page", body = ImageList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<PlaceQuery>,
) -> Result<Json<ImageList>, ApiError> {
    let page = places(
        &state,
        caller.tenant(),
        caller.scope(),
        PlaceKind::Image,
        &query,
    )
    .await?;
    let rows = page.rows.into_iter().filter_map(|summary| {
        let Place::Image(id) = summary.place.clone() else {
            return None;
        };
        Some(ImageRow {
            id,
            name: summary.name.clone(),
            os: Some(summary.os.clone()).filter(|os| !os.is_empty()),
            standing: standing(summary),
        })
    });
    Ok(Json(ImageList {
        images: rows.collect(),
        total: page.total,
        next_cursor: page.next_cursor,
        as_of: Some(page.as_of),
    }))
}
