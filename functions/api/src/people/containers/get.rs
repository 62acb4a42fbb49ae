//! One container.

use axum::{Json, extract::State};
use records::{Containers, Hosts};
use schemas::{
    HostId, Place,
    api::{Problem, container::ContainerDetail},
};
use scope::Resource;

use super::exposure;
use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    people::standing::standing,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// One container: what the engine says of it, how the network reaches it, and how its image stands.
#[utoipa::path(
    get,
    path = "/api/v1/containers/{host}/{id}",
    tag = "containers",
    operation_id = "get_container",
    params(
        ("host" = HostId, Path, description = "The host that it is on"),
        ("id" = String, Path, description = "The engine's id", max_length = 256),
    ),
    responses(
        (status = 200, description = "The container", body = ContainerDetail),
        (status = 404, description = "No such container", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath((host, id)): FromPath<(HostId, String)>,
) -> Result<Json<ContainerDetail>, ApiError> {
    let unknown = || ApiError::not_found("container");
    let (platform, tenant) = (state.platform(), caller.tenant());
    let found = Containers(platform).of_host(tenant, &host).await?;
    let (head, containers) = found.ok_or_else(unknown)?;
    let container = containers.into_iter().find(|container| container.id == id);
    let container = container.ok_or_else(unknown)?;
    let known = Hosts(platform).get(tenant, &host).await?;
    let facts = known.as_ref().map(|known| &known.facts);
    let scope = caller.scope();
    if !scope.is_everything() && !scope.includes(&Resource::of_container(&container, facts)) {
        return Err(unknown());
    }
    let (exposure, exposure_reason) = exposure(&container, facts);
    let host_name = facts.map_or_else(|| host.to_string(), |facts| facts.name.clone());
    let sight = Sight::of(&state, tenant, scope).await?;
    let image = Place::Image(container.image.clone());
    let summary = sight.view().summaries(Some(&image)).pop();
    Ok(Json(ContainerDetail {
        container,
        host,
        host_name,
        exposure,
        exposure_reason,
        standing: summary.map(standing),
        observed_at: head.observed_at,
    }))
}
