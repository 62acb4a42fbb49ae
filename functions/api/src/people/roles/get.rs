//! One role.

use access::permission::ROLES;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use schemas::api::{Problem, RoleName, role::RoleDetail};

use super::{builtin, custom};
use crate::{
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// A role. The ETag of one that the tenant made names its state.
#[utoipa::path(
    get,
    path = "/api/v1/roles/{name}",
    tag = "people",
    operation_id = "get_role",
    params(("name" = RoleName, Path, description = "The role's name")),
    responses(
        (status = 200, description = "The role", body = RoleDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such role", body = Problem),
    ),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
    FromPath(name): FromPath<RoleName>,
) -> Result<Response, ApiError> {
    if let Some((role, _, title)) = ROLES
        .into_iter()
        .find(|(role, ..)| name.builtin() == Some(*role))
    {
        return Ok(Json(builtin(role, title)).into_response());
    }
    let found = state.identity().role(caller.tenant(), &name).await?;
    let (role, revision) = found.ok_or_else(|| ApiError::not_found("role"))?;
    etag::tagged(Json(custom(role)), revision)
}
