//! Removing a role.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use schemas::api::{Problem, RoleName};

use super::{covers_role, custom, set::unchangeable};
use crate::people::collections::uses::held;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Removes a role that the tenant made and nobody has.
#[utoipa::path(
    delete,
    path = "/api/v1/roles/{name}",
    tag = "people",
    operation_id = "remove_role",
    params(
        ("name" = RoleName, Path, description = "The role's name"),
        ("if-match" = String, Header, description = "ETag of the state that is removed"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such role", body = Problem),
        (status = 409, description = "Somebody has it, or every tenant does", body = Problem),
        (status = 412, description = "Another state is there than the one named", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn remove(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(name): FromPath<RoleName>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    caller.of_whole_tenant()?;
    if name.builtin().is_some() {
        return Err(unchangeable(&name));
    }
    let (identity, tenant) = (state.identity(), caller.tenant());
    let found = identity.role(tenant, &name).await?;
    let (role, revision) = found.ok_or_else(|| ApiError::not_found("role"))?;
    etag::must_match(&headers, revision)?;
    covers_role(caller.grants(), &role)?;
    // Whoever is given it from here on has a role that is not there, which allows nothing.
    let mut holder = None;
    let has = |user: &records::identity::User| {
        let has = user.assignments().iter().any(|a| a.role == name);
        if has {
            holder = Some(user.id.clone());
        }
        has
    };
    identity.any_user(tenant, has).await?;
    if let Some(holder) = holder {
        return Err(ApiError::new(
            Kind::Conflict,
            format!("{holder} has this role: take it from everybody first."),
        ));
    }
    let others = held(&state, tenant, |given| given.role == name).await?;
    if !others.is_empty() {
        return Err(ApiError::new(
            Kind::Conflict,
            format!("{} have this role: revoke them first.", others.join(", ")),
        ));
    }
    if !identity.remove_role(tenant, &name, revision).await? {
        return Err(etag::changed());
    }
    let act = Act::new("remove_role").on("role", &name);
    state.audit(&caller, act.before(&custom(role))?).await?;
    tracing::info!(role = %name, by = caller.name(), %tenant, "role removed");
    Ok(StatusCode::NO_CONTENT)
}
