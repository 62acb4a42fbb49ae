//! Making a role.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use records::identity::CustomRole;
use schemas::api::{
    Problem,
    role::{NewRole, RoleDetail},
};

use super::{checked_text, custom, given};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Makes a role. It allows nothing that whoever makes it may not do in the whole tenant.
#[utoipa::path(
    post,
    path = "/api/v1/roles",
    tag = "people",
    operation_id = "create_role",
    request_body = NewRole,
    responses(
        (status = 201, description = "The role", body = RoleDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "An unknown permission, or a value out of bounds", body = Problem),
        (status = 403, description = "It would allow more than the caller may do", body = Problem),
        (status = 409, description = "There is a role of this name", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromJson(request): FromJson<NewRole>,
) -> Result<Response, ApiError> {
    caller.of_whole_tenant()?;
    let name = request.name;
    let taken = || {
        ApiError::new(
            Kind::Conflict,
            format!("There is a role {name}, or it is reserved: choose another name."),
        )
    };
    if name.builtin().is_some() || name.as_str() == "unknown" {
        return Err(taken());
    }
    let now = state.now();
    let role = CustomRole {
        name: name.clone(),
        permissions: given(&request.role, caller.grants())?,
        description: checked_text(request.role.description, "description")?,
        created_at: now,
        created_by: caller.name().to_owned(),
        updated_at: now,
        updated_by: caller.name().to_owned(),
    };
    let put = state.identity().put_role(caller.tenant(), &role, None);
    let revision = put.await?.ok_or_else(taken)?;
    let role = custom(role);
    let act = Act::new("create_role").on("role", &role.name);
    state.audit(&caller, act.after(&role)?).await?;
    tracing::info!(role = %role.name, by = caller.name(), tenant = %caller.tenant(), "role made");
    etag::tagged((StatusCode::CREATED, Json(role)), revision)
}
