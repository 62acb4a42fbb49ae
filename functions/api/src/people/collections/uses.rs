//! What a collection is used for.

use schemas::{CollectionId, TenantId, api::role::RoleAssignment};

use crate::{problem::ApiError, state::ApiState};

/// People that are looked at at once.
const AT_ONCE: u32 = 500;
/// Most that are named.
const MOST: usize = 10;

/// Whom a collection limits, in words: the first of them.
pub(super) async fn uses(
    state: &ApiState,
    tenant: &TenantId,
    id: &CollectionId,
) -> Result<Vec<String>, ApiError> {
    let names = |roles: &[RoleAssignment]| roles.iter().any(|role| role.collections.contains(id));
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = state.identity().users(tenant, AT_ONCE, cursor).await?;
        let people = page.records.iter();
        let limited = people.filter(|person| names(&person.limited_roles));
        found.extend(limited.map(|person| format!("the person {}", person.id)));
        cursor = page.next;
        if cursor.is_none() || found.len() >= MOST {
            break;
        }
    }
    // One that nobody can accept any more gives nothing.
    let now = state.now();
    let mut cursor = None;
    while found.len() < MOST {
        let page = state
            .identity()
            .invitations(tenant, AT_ONCE, cursor)
            .await?;
        let invitations = page.records.iter();
        let limited = invitations.filter(|one| one.is_open(now) && names(&one.roles));
        found.extend(limited.map(|one| format!("the invitation {}", one.id)));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    found.truncate(MOST);
    Ok(found)
}
