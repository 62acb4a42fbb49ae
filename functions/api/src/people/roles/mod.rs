//! Roles: those that every tenant has, and those that it makes for itself.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod permissions;
pub(crate) mod remove;
pub(crate) mod set;

use std::collections::BTreeSet;

use access::{Grants, Permission, Permissions, Reach, permission};
use records::identity::CustomRole;
use schemas::api::{
    Role, RoleName,
    role::{RoleAssignment, RoleDetail, RoleText},
};

use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most characters of a description.
pub(super) const MAX_TEXT_CHARS: usize = 200;
/// Most roles of one person.
const MAX_ASSIGNMENTS: usize = 32;
/// Most collections that a role is limited to.
const MAX_COLLECTIONS: usize = 32;

/// A role of every tenant.
fn builtin(role: Role, title: &str) -> RoleDetail {
    RoleDetail {
        name: role.into(),
        description: format!("{title}: a role that every tenant has."),
        builtin: true,
        permissions: words(&permission::of_role(role)),
        created_at: None,
        created_by: None,
        updated_at: None,
        updated_by: None,
    }
}

/// A role that the tenant made.
fn custom(role: CustomRole) -> RoleDetail {
    RoleDetail {
        name: role.name,
        description: role.description,
        builtin: false,
        permissions: role.permissions.into_iter().collect(),
        created_at: Some(role.created_at),
        created_by: Some(role.created_by),
        updated_at: Some(role.updated_at),
        updated_by: Some(role.updated_by),
    }
}

fn words(permissions: &Permissions) -> Vec<String> {
    let words = permissions.iter().map(|permission| permission.as_str());
    words.map(str::to_owned).collect()
}

/// A description or note, if it is one.
pub(super) fn checked_text(text: String, field: &str) -> Result<String, ApiError> {
    if text.chars().count() > MAX_TEXT_CHARS || text.chars().any(char::is_control) {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("`{field}` has at most {MAX_TEXT_CHARS} characters and no control characters."),
        ));
    }
    Ok(text)
}

/// The permissions of a role's text, if whoever has `own` may give them away.
fn given(text: &RoleText, own: &Grants) -> Result<BTreeSet<String>, ApiError> {
    if text.permissions.is_empty() || text.permissions.len() > 200 {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`permissions` has 1 to 200 words; `GET /api/v1/permissions` lists them.",
        ));
    }
    for word in &text.permissions {
        let Some(permission) = Permission::from_word(word) else {
            let word: String = word.chars().take(64).collect();
            return Err(ApiError::new(
                Kind::BadRequest,
                format!("{word:?} is no permission; `GET /api/v1/permissions` lists them."),
            ));
        };
        if own.reach(permission) != Reach::Tenant {
            return Err(lacking(permission));
        }
    }
    Ok(text.permissions.iter().cloned().collect())
}

fn lacking(permission: Permission) -> ApiError {
    ApiError::new(
        Kind::Forbidden,
        format!(
            "Nobody gives away what they lack: you do not have {} in all of the tenant that this would reach.",
            permission.as_str()
        ),
    )
}

/// Refuses callers who may not do all that a role allows.
fn covers_role(own: &Grants, role: &CustomRole) -> Result<(), ApiError> {
    let words = role.permissions.iter();
    let permissions = words.filter_map(|word| Permission::from_word(word));
    let mut theirs = Grants::default();
    theirs.add(permissions.collect(), Reach::Tenant);
    must_cover(own, &theirs)
}

/// Refuses what would have somebody act on those who may do more, or in more places, than they may themselves.
pub(super) fn must_cover(own: &Grants, theirs: &Grants) -> Result<(), ApiError> {
    if own.covers(theirs) {
        return Ok(());
    }
    let beyond = |permission: &Permission| {
        let reach = theirs.reach(*permission);
        theirs.allows(*permission) && !own.reach(*permission).covers(&reach)
    };
    let beyond = theirs.permissions().into_iter().find(beyond);
    Err(lacking(beyond.unwrap_or(Permission::ManagePeople)))
}

/// Roles that are to be given to somebody: each once, known, and no more than whoever gives them has.
pub(super) async fn assignable(
    state: &ApiState,
    tenant: &schemas::TenantId,
    own: &Grants,
    wanted: Vec<RoleAssignment>,
) -> Result<Vec<RoleAssignment>, ApiError> {
    let bad = |why: String| Err(ApiError::new(Kind::BadRequest, why));
    if wanted.len() > MAX_ASSIGNMENTS {
        return bad(format!("`roles` has at most {MAX_ASSIGNMENTS} roles."));
    }
    let mut seen = BTreeSet::new();
    for assignment in &wanted {
        if assignment.collections.len() > MAX_COLLECTIONS {
            return bad(format!(
                "A role is limited to at most {MAX_COLLECTIONS} collections."
            ));
        }
        if !seen.insert(&assignment.role) {
            return bad(format!("`roles` names {} twice.", assignment.role));
        }
        if !is_known(state, tenant, &assignment.role).await? {
            return bad(format!(
                "There is no role {}; `GET /api/v1/roles` lists them.",
                assignment.role
            ));
        }
    }
    must_cover(own, &state.identity().grants(tenant, &wanted).await?)?;
    Ok(wanted)
}

/// Whether a tenant has a role of this name.
pub(super) async fn is_known(
    state: &ApiState,
    tenant: &schemas::TenantId,
    name: &RoleName,
) -> Result<bool, ApiError> {
    Ok(name.builtin().is_some() || state.identity().role(tenant, name).await?.is_some())
}
