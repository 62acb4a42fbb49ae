//! Listing roles.

use access::permission::ROLES;
use axum::{Json, extract::State};
use platform::Cursor;
use schemas::api::{
    Problem,
    role::{RoleDetail, RoleList, RoleQuery},
};
use serde::{Deserialize, Serialize};

use super::{builtin, custom};
use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit, search},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Where a page begins: after so many roles of every tenant, then after some that the tenant made.
#[derive(Default, Serialize, Deserialize)]
struct Position {
    builtin: usize,
    custom: Option<String>,
}

/// Roles: those that every tenant has, then those that the tenant made, by name. A page may have fewer rows than were asked for
/// although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    tag = "people",
    operation_id = "list_roles",
    params(RoleQuery),
    responses(
        (status = 200, description = "One page", body = RoleList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<RoleQuery>,
) -> Result<Json<RoleList>, ApiError> {
    let wanted = search(query.search.as_deref())?;
    let filters = format!("{wanted:?} {:?}", query.builtin);
    let list = List::new(&state, caller.tenant(), "roles", &filters);
    let is_wanted = |role: &RoleDetail| {
        let is_named = wanted.is_in(role.name.as_str()) || wanted.is_in(&role.description);
        is_named && query.builtin.is_none_or(|builtin| role.builtin == builtin)
    };
    let position = list.open_some::<Position>(query.cursor.as_ref())?;
    let mut position = position.unwrap_or_default();
    let limit = limit(query.limit)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut roles: Vec<_> = ROLES
        .into_iter()
        .skip(position.builtin)
        .take(wanted)
        .map(|(role, _, title)| builtin(role, title))
        .collect();
    position.builtin += roles.len();
    let left = limit.saturating_sub(u32::try_from(roles.len()).unwrap_or(limit));
    let mut is_last = false;
    if left > 0 {
        let found = state
            .identity()
            .roles(caller.tenant(), left, position.custom.map(Cursor));
        let found = found.await?;
        roles.extend(found.records.into_iter().map(custom));
        is_last = found.next.is_none();
        position.custom = found.next.map(|next| next.0);
    }
    roles.retain(is_wanted);
    Ok(Json(RoleList {
        roles,
        next_cursor: (!is_last).then(|| list.seal(&position)).transpose()?,
    }))
}
