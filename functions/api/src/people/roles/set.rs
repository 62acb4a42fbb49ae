//! Changing a role.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use records::identity::CustomRole;
use schemas::api::{
    Problem, RoleName,
    role::{RoleDetail, RoleText},
};

use super::{checked_text, covers_role, custom, given};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromJson, FromPath},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Changes a role that the tenant made; it counts at once for everybody who has it.
#[utoipa::path(
    put,
    path = "/api/v1/roles/{name}",
    tag = "people",
    operation_id = "set_role",
    params(
        ("name" = RoleName, Path, description = "The role's name"),
        ("if-match" = String, Header, description = "ETag of the state that it replaces"),
    ),
    request_body = RoleText,
    responses(
        (status = 200, description = "The role", body = RoleDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "An unknown permission, or a value out of bounds", body = Problem),
        (status = 403, description = "It would allow more than the caller may do", body = Problem),
        (status = 404, description = "No such role", body = Problem),
        (status = 409, description = "Every tenant has it, so it cannot be changed", body = Problem),
        (status = 412, description = "Another state is there than the one named", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn set(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(name): FromPath<RoleName>,
    headers: HeaderMap,
    FromJson(request): FromJson<RoleText>,
) -> Result<Response, ApiError> {
    caller.of_whole_tenant()?;
    // What a key gives here would stay when the key is gone.
    caller.person()?;
    if name.builtin().is_some() {
        return Err(unchangeable(&name));
    }
    let found = state.identity().role(caller.tenant(), &name).await?;
    let (before, revision) = found.ok_or_else(|| ApiError::not_found("role"))?;
    etag::must_match(&headers, revision)?;
    // Nobody takes from others what they could not give.
    covers_role(caller.grants(), &before)?;
    let was = custom(before.clone());
    let role = CustomRole {
        permissions: given(&request, caller.grants())?,
        description: checked_text(request.description, "description")?,
        updated_at: state.now(),
        updated_by: caller.name().to_owned(),
        ..before
    };
    let put = state
        .identity()
        .put_role(caller.tenant(), &role, Some(revision));
    let revision = put.await?.ok_or_else(etag::changed)?;
    let role = custom(role);
    let act = Act::new("set_role").on("role", &name);
    state
        .audit(&caller, act.before(&was)?.after(&role)?)
        .await?;
    tracing::info!(role = %name, by = caller.name(), tenant = %caller.tenant(), "role changed");
    etag::tagged(Json(role), revision)
}

/// A role that every tenant has.
pub(super) fn unchangeable(name: &RoleName) -> ApiError {
    ApiError::new(
        Kind::Conflict,
        format!("Every tenant has the role {name}: make another one in its place."),
    )
}
