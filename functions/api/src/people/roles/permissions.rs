//! Listing what can be allowed.

use access::permission::{self, ROLES};
use axum::Json;
use schemas::api::role::{PermissionDetail, PermissionList};

use crate::auth::{Allowed, needs};

/// Everything that can be allowed, and the roles of every tenant that allow it.
#[utoipa::path(
    get,
    path = "/api/v1/permissions",
    tag = "people",
    operation_id = "list_permissions",
    responses((status = 200, description = "All of them", body = PermissionList)),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn permissions(_: Allowed<needs::ReadPeople>) -> Json<PermissionList> {
    let permissions = access::Permission::ALL.into_iter();
    let permissions = permissions.map(|permission| PermissionDetail {
        permission: permission.as_str().to_owned(),
        description: permission.what().to_owned(),
        roles: ROLES
            .into_iter()
            .filter(|(role, ..)| permission::allows(&[*role], permission))
            .map(|(role, ..)| role.into())
            .collect(),
    });
    Json(PermissionList {
        permissions: permissions.collect(),
    })
}
