//! What is vulnerable in one image.

use axum::{Json, extract::State};
use schemas::{
    ImageId, Place,
    api::{
        Problem,
        place::{FindingList, FindingQuery},
    },
};

use crate::{
    auth::{Scoped, needs},
    extract::{FromPath, FromQuery},
    people::standing,
    problem::ApiError,
    state::ApiState,
};

/// Findings of one image, highest score first unless `sort` says otherwise, and what cannot be judged.
#[utoipa::path(
    get,
    path = "/api/v1/images/{id}/findings",
    tag = "images",
    operation_id = "list_image_findings",
    params(("id" = ImageId, Path, description = "Digest of the image's configuration, `sha256:…`"), FindingQuery),
    responses(
        (status = 200, description = "One page", body = FindingList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
        (status = 404, description = "No such image, or not judged yet", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn findings(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ImageId>,
    FromQuery(query): FromQuery<FindingQuery>,
) -> Result<Json<FindingList>, ApiError> {
    standing::findings(
        &state,
        caller.tenant(),
        caller.scope(),
        &Place::Image(id),
        &query,
    )
    .await?
    .map(Json)
    .ok_or_else(|| ApiError::not_found("image, or it has not been judged yet"))
}
