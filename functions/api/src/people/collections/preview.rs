//! What a collection would have.

use axum::{Json, extract::State};
use schemas::{
    Place,
    api::{
        Problem,
        collection::{CollectionPreview, PreviewCollection, PreviewHost, PreviewImage},
    },
};
use scope::{Collection, Scope};

use crate::{
    auth::{Scoped, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    scoped::Sight,
    state::ApiState,
};

/// How many of each are named.
const SOME: usize = 20;

/// What a collection of these parts has now, of what the caller may see: counts, and the first of each. Nothing is kept.
#[utoipa::path(
    post,
    path = "/api/v1/collections/preview",
    tag = "collections",
    operation_id = "preview_collection",
    request_body = PreviewCollection,
    responses(
        (status = 200, description = "What it has", body = CollectionPreview),
        (status = 400, description = "A pattern that cannot be one; the problem says which", body = Problem),
    ),
    security(("session" = ["collections.manage"]))
)]
pub(crate) async fn preview(
    caller: Scoped<needs::ManageCollections>,
    State(state): State<ApiState>,
    FromJson(wanted): FromJson<PreviewCollection>,
) -> Result<Json<CollectionPreview>, ApiError> {
    let collection = Collection::read(&wanted.parts)
        .map_err(|error| ApiError::new(Kind::BadRequest, format!("`parts`: {error}.")))?;
    let as_of = state.now();
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let preview = tokio::task::spawn_blocking(move || {
        let wanted = sight.index().within(&Scope::union([collection]));
        let mut found = CollectionPreview {
            images: 0,
            hosts: 0,
            some_images: Vec::new(),
            some_hosts: Vec::new(),
            as_of,
        };
        for (place, name) in sight.view().named(Some(&wanted)) {
            let name = name.to_owned();
            match place {
                Place::Image(id) => {
                    found.images += 1;
                    if found.some_images.len() < SOME {
                        found.some_images.push(PreviewImage {
                            id: id.clone(),
                            name,
                        });
                    }
                }
                Place::Host(id) => {
                    found.hosts += 1;
                    if found.some_hosts.len() < SOME {
                        found.some_hosts.push(PreviewHost {
                            id: id.clone(),
                            name,
                        });
                    }
                }
            }
        }
        found
    });
    preview.await.map(Json).map_err(ApiError::internal)
}
