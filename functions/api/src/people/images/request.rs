//! What became of a request to read an image.

use axum::{Json, extract::State};
use estate::Resource;
use records::ImageRequests;
use schemas::{
    ImageRequestId,
    api::{Problem, image_scan::ImageRequest},
};

use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// What became of a request to read an image: it waits, is being read, was read, or was given up for a reason. It is kept
/// for a week after its last change.
#[utoipa::path(
    get,
    path = "/api/v1/images/requests/{id}",
    tag = "images",
    operation_id = "get_image_request",
    params(("id" = ImageRequestId, Path, description = "Id that `POST /api/v1/images` answered")),
    responses(
        (status = 200, description = "The request", body = ImageRequest),
        (status = 404, description = "No such request, or not any more", body = Problem),
    ),
    security(("session" = ["images.scan"]))
)]
pub(crate) async fn request(
    caller: Scoped<needs::ScanImages>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ImageRequestId>,
) -> Result<Json<ImageRequest>, ApiError> {
    let record = ImageRequests(state.platform())
        .get(caller.tenant(), &id)
        .await?
        .filter(|record| {
            let image = Resource::new().image(&record.reference);
            caller.scope().includes(&image)
        })
        .ok_or_else(|| ApiError::not_found("request"))?;
    Ok(Json(ImageRequest {
        id,
        reference: record.reference,
        platform: record.platform,
        state: record.state,
        image: record.image,
        reason: record.reason,
        requested_at: record.requested_at,
        requested_by: record.requested_by,
        updated_at: record.updated_at,
    }))
}
