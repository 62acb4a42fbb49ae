//! One image.

use axum::{Json, extract::State};
use records::{Hosts, images::Images, places::Places};
use schemas::{
    ImageId, Place,
    api::{Problem, place::ImageDetail},
};

use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    people::standing::standing,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Most hosts that are named.
const MOST_NAMED: usize = 1000;

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
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ImageId>,
) -> Result<Json<ImageDetail>, ApiError> {
    let images = Images(state.platform());
    let image = images
        .get(caller.tenant(), &id)
        .await?
        .ok_or_else(|| ApiError::not_found("image"))?;
    let place = Place::Image(id.clone());
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let is_limited = !caller.scope().is_everything();
    if is_limited && !sight.view().has(&place) {
        return Err(ApiError::not_found("image"));
    }
    let mut hosts = images.holders(caller.tenant(), &id).await?;
    hosts.retain(|host| !is_limited || sight.view().has(&Place::Host(host.clone())));
    // Of the first thousand: more are on no page.
    let some = hosts.get(..MOST_NAMED).unwrap_or(&hosts);
    let named = Hosts(state.platform())
        .get_many(caller.tenant(), some)
        .await?;
    let named = named.into_iter();
    let host_names = named.map(|host| (host.id.to_string(), host.facts.name));
    let judged = Places(state.platform())
        .get(caller.tenant(), &place)
        .await?;
    let standing = sight.view().summaries(Some(&place)).pop().map(standing);
    Ok(Json(ImageDetail {
        image: image.facts,
        hosts,
        host_names: host_names.collect(),
        missing_layers: judged.map_or_else(Vec::new, |judged| judged.record.missing_layers),
        standing,
        first_seen_at: image.first_seen_at,
    }))
}
