//! One image.

use axum::{Json, extract::State};
use records::{images::Images, places::Places};
use schemas::{
    ImageId, Place,
    api::{Problem, place::ImageDetail},
};

use crate::{
    auth::{Allowed, needs},
    extract::FromPath,
    people::standing::{estate, standing},
    problem::ApiError,
    state::ApiState,
};

/// One image: configuration, tags, hosts that hold it, layers that are missing, and how it stands.
#[utoipa::path(
    get,
    path = "/api/v1/images/{id}",
    tag = "images",
    operation_id = "get_image",
    params(("id" = ImageId, Path, description = "Digest of the image's configuration, `sha256:…`")),
    responses(
        (status = 200, description = "The image", body = ImageDetail),
        (status = 404, description = "No such image", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ImageId>,
) -> Result<Json<ImageDetail>, ApiError> {
    let images = Images(state.platform());
    let image = images
        .get(caller.tenant(), &id)
        .await?
        .ok_or_else(|| ApiError::not_found("image"))?;
    let hosts = images.holders(caller.tenant(), &id).await?;
    let place = Place::Image(id);
    let judged = Places(state.platform())
        .get(caller.tenant(), &place)
        .await?;
    let index = estate(&state, caller.tenant()).await?;
    let standing = index.summaries(Some(&place)).pop().map(standing);
    Ok(Json(ImageDetail {
        image: image.facts,
        hosts,
        missing_layers: judged.map_or_else(Vec::new, |judged| judged.record.missing_layers),
        standing,
        first_seen_at: image.first_seen_at,
    }))
}
