//! What people give with new tokens: a note, and roles that they may give away.

use access::Grants;
use schemas::{TenantId, api::role::RoleAssignment};

use super::roles::assignable;
use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

pub(crate) const DAY_S: u64 = 24 * 60 * 60;
const MAX_NOTE_CHARS: usize = 200;
/// Most roles of a token.
const MAX_ROLES: usize = 16;

/// A value that will not do.
pub(crate) fn bad(why: String) -> ApiError {
    ApiError::new(Kind::BadRequest, why)
}

/// A note of bounded length.
pub(crate) fn note(note: String) -> Result<String, ApiError> {
    if note.chars().count() > MAX_NOTE_CHARS || note.chars().any(char::is_control) {
        return Err(bad(format!(
            "`note` has at most {MAX_NOTE_CHARS} characters and no control characters."
        )));
    }
    Ok(note)
}

/// Roles of a token that somebody with these grants makes.
pub(crate) async fn roles(
    state: &ApiState,
    tenant: &TenantId,
    own: &Grants,
    roles: Vec<RoleAssignment>,
) -> Result<Vec<RoleAssignment>, ApiError> {
    if !(1..=MAX_ROLES).contains(&roles.len()) {
        return Err(bad(format!("`roles` has 1 to {MAX_ROLES} entries.")));
    }
    assignable(state, tenant, own, roles).await
}
