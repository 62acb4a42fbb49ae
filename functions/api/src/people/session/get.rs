//! Who calls.

use axum::Json;
use schemas::api::{
    Problem,
    session::{CallerDetail, GrantedPermission},
};

use crate::auth::SignedIn;

/// Who the caller is, and what they may do where, by their roles of this moment.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    operation_id = "get_session",
    responses(
        (status = 200, description = "The caller", body = CallerDetail),
        (status = 401, description = "No session", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn get(SignedIn(caller): SignedIn) -> Json<CallerDetail> {
    let grants = &caller.grants;
    let permissions = grants.permissions().into_iter();
    let permissions = permissions.map(|permission| GrantedPermission {
        permission: permission.as_str().to_owned(),
        collections: grants
            .reach(permission)
            .collections()
            .map(|some| some.iter().cloned().collect()),
    });
    Json(CallerDetail {
        permissions: permissions.collect(),
        name: caller.name().to_owned(),
        user: caller.came.user().cloned(),
        tenant: caller.tenant,
        roles: caller.roles,
        must_change_password: caller.must_change_password,
        must_set_up_second_factor: caller.must_set_up_second_factor,
    })
}
