//! What a collection limits, and what has a role.

use records::{
    Channels, Exceptions,
    identity::{ApiKeyState, IdentityProvider, Invitation, TrustedBuild, User},
};
use schemas::{CollectionId, TenantId, api::role::RoleAssignment, exception::ExceptionScope};

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
    let identity = state.identity();
    let names = |roles: &[RoleAssignment]| roles.iter().any(|role| role.collections.contains(id));
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = identity.list::<User>(tenant, AT_ONCE, cursor).await?;
        let people = page.records.iter();
        let limited = people.filter(|person| names(&person.limited_roles));
        found.extend(limited.map(|person| format!("the person {}", person.id)));
        cursor = page.next;
        if cursor.is_none() || found.len() >= MOST {
            break;
        }
    }
    found.extend(held(state, tenant, |role| role.collections.contains(id)).await?);
    let channels = Channels(state.platform()).all(tenant).await?;
    let limited = channels
        .iter()
        .filter(|channel| channel.wants.collections.contains(id));
    found.extend(limited.map(|channel| format!("the channel {}", channel.id)));
    found.truncate(MOST);
    Ok(found)
}

/// The exceptions in force that hold in a collection, in words: the first of them.
pub(super) async fn excepted(
    state: &ApiState,
    tenant: &TenantId,
    id: &CollectionId,
) -> Result<Vec<String>, ApiError> {
    let found = Exceptions(state.platform()).in_force(tenant).await?;
    let exceptions = found.record.exceptions.iter();
    let holding = exceptions.filter(
        |one| matches!(&one.scope, ExceptionScope::Collection { collection } if collection == id),
    );
    let named = holding.map(|one| format!("the exception {}", one.id));
    Ok(named.take(MOST).collect())
}

/// What others than people hold with roles like these, in words: the first of them.
pub(in crate::people) async fn held(
    state: &ApiState,
    tenant: &TenantId,
    is_like: impl Fn(&RoleAssignment) -> bool,
) -> Result<Vec<String>, ApiError> {
    let identity = state.identity();
    let names = |roles: &[RoleAssignment]| roles.iter().any(&is_like);
    let mut found = Vec::new();
    // One that nobody can accept any more gives nothing.
    let now = state.now();
    let mut cursor = None;
    while found.len() < MOST {
        let page = identity.list::<Invitation>(tenant, AT_ONCE, cursor).await?;
        let invitations = page.records.iter();
        let limited = invitations.filter(|one| one.is_open(now) && names(&one.roles));
        found.extend(limited.map(|one| format!("the invitation {}", one.id)));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut cursor = None;
    while found.len() < MOST {
        let page = identity.api_keys(tenant, None, AT_ONCE, cursor).await?;
        let keys = page.records.iter();
        let limited = keys.filter(|key| key.state(now) == ApiKeyState::Valid && names(&key.roles));
        found.extend(limited.map(|key| format!("the API key {} of {}", key.id, key.owner)));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if found.len() < MOST {
        let rules = identity.all::<TrustedBuild>(tenant).await?;
        let limited = rules.iter().filter(|rule| names(&rule.roles));
        found.extend(limited.map(|rule| format!("the trusted build {}", rule.id)));
    }
    if found.len() < MOST {
        let all = identity.all::<IdentityProvider>(tenant).await?;
        let limited = all.iter().filter(|provider| {
            let groups = provider.groups.iter();
            names(&provider.default_roles) || groups.clone().any(|group| names(&group.roles))
        });
        found.extend(limited.map(|provider| format!("the identity provider {}", provider.id)));
    }
    found.truncate(MOST);
    Ok(found)
}
