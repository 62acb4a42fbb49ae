//! Listing images.

use axum::{Json, extract::State};
use schemas::{
    Place, PlaceKind,
    api::{
        page::PageQuery,
        place::{ImageList, ImageRow},
    },
};

use crate::{
    auth::{Allowed, needs},
    extract::FromQuery,
    people::standing::{places, standing},
    problem::ApiError,
    state::ApiState,
};

/// Images, highest score first. One is listed once it has been judged.
#[utoipa::path(
    get,
    path = "/api/v1/images",
    tag = "images",
    operation_id = "list_images",
    params(PageQuery),
    responses((status = 200, description = "One page", body = ImageList)),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<ImageList>, ApiError> {
    let page = places(&state, caller.tenant(), PlaceKind::Image, &page).await?;
    let rows = page.rows.into_iter().filter_map(|summary| {
        let Place::Image(id) = summary.place.clone() else {
            return None;
        };
        Some(ImageRow {
            id,
            name: summary.name.clone(),
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
