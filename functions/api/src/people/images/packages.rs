//! What is installed in one image.

use axum::{Json, extract::State};
use schemas::{
    ImageId, Place,
    api::{
        Problem,
        place::{PackageList, PackageQuery},
    },
};

use crate::{
    auth::{Scoped, needs},
    extract::{FromPath, FromQuery},
    people::standing,
    problem::ApiError,
    state::ApiState,
};

/// Packages of one image, by name.
#[utoipa::path(
    get,
    path = "/api/v1/images/{id}/packages",
    tag = "images",
    operation_id = "list_image_packages",
    params(("id" = ImageId, Path, description = "Digest of the image's configuration, `sha256:…`"), PackageQuery),
    responses(
        (status = 200, description = "One page", body = PackageList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
        (status = 404, description = "No such image, or not read yet", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn packages(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ImageId>,
    FromQuery(query): FromQuery<PackageQuery>,
) -> Result<Json<PackageList>, ApiError> {
    standing::packages(
        &state,
        caller.tenant(),
        caller.scope(),
        &Place::Image(id),
        &query,
    )
    .await?
    .map(Json)
    .ok_or_else(|| ApiError::not_found("image, or it has not been read yet"))
}
