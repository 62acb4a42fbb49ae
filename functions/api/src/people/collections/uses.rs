//! What a collection is used for.

use schemas::{CollectionId, TenantId};

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
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = state.identity().users(tenant, AT_ONCE, cursor).await?;
        for user in page.records {
            let mut roles = user.limited_roles.iter();
            if roles.any(|role| role.collections.contains(id)) {
                found.push(format!("the person {}", user.id));
            }
        }
        cursor = page.next;
        if cursor.is_none() || found.len() >= MOST {
            found.truncate(MOST);
            return Ok(found);
        }
    }
}
