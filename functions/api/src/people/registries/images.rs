//! The images of a registry.

use axum::{Json, extract::State};
use records::Registries;
use schemas::{
    RegistryId,
    api::{
        Problem,
        page::PageQuery,
        registry::{RegistryImageList, RegistryImageRow},
    },
};

use super::found;
use crate::{
    auth::{Allowed, needs},
    cursor::List,
    extract::{FromPath, FromQuery},
    problem::ApiError,
    state::ApiState,
};

/// The images that were read of a registry, or given up, by repository and tag.
#[utoipa::path(
    get,
    path = "/api/v1/registries/{id}/images",
    tag = "registries",
    operation_id = "list_registry_images",
    params(("id" = RegistryId, Path, description = "The registry"), PageQuery),
    responses(
        (status = 200, description = "One page", body = RegistryImageList),
        (status = 404, description = "No such registry", body = Problem),
    ),
    security(("session" = ["registries.read"]))
)]
pub(crate) async fn images(
    caller: Allowed<needs::ReadRegistries>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<RegistryImageList>, ApiError> {
    let tenant = caller.tenant();
    found(&state, tenant, &id).await?;
    let list = List::new(&state, tenant, "registry-images", id.as_str());
    let registries = Registries(state.platform());
    let read = |limit, cursor| registries.images(tenant, &id, limit, cursor);
    let (found, next_cursor) = list.page(&page, read).await?;
    Ok(Json(RegistryImageList {
        images: found
            .into_iter()
            .map(|record| RegistryImageRow {
                repository: record.repository,
                tag: record.tag,
                digest: record.digest,
                images: record.images,
                updated_at: record.updated_at,
                problem: record.problem,
            })
            .collect(),
        next_cursor,
    }))
}
