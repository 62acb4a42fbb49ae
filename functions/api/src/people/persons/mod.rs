//! People of a tenant.

pub(crate) mod change;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod remove_second_factor;
pub(crate) mod reset_password;

use records::identity::User;
use schemas::{TenantId, UserId, api::person::PersonDetail};

use super::roles::must_cover;
use crate::{
    auth::{Allowed, needs},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// A person as they are listed.
pub(in crate::people) fn detail(user: &User) -> PersonDetail {
    PersonDetail {
        id: user.id.clone(),
        roles: user.assignments(),
        name: user.external.as_ref().and_then(|known| known.name.clone()),
        email: user.external.as_ref().and_then(|known| known.email.clone()),
        disabled: user.disabled_at.is_some(),
        must_change_password: user.one_time,
        second_factor: user.confirmed_factor().is_some(),
        created_at: user.created_at,
    }
}

/// A person whom the caller may change: nobody takes over, or gets rid of, who may do more than they.
async fn changeable(
    state: &ApiState,
    caller: &Allowed<needs::ManagePeople>,
    id: &UserId,
) -> Result<(User, u64), ApiError> {
    caller.of_whole_tenant()?;
    let tenant: &TenantId = caller.tenant();
    let found = state.identity().user_at(tenant, id).await?;
    let (user, revision) = found.ok_or_else(|| ApiError::not_found("person"))?;
    let theirs = state.identity().grants(tenant, &user.assignments()).await?;
    must_cover(caller.grants(), &theirs)?;
    Ok((user, revision))
}

/// Somebody has to be able to let the others in.
fn last_admin() -> ApiError {
    ApiError::new(
        Kind::Conflict,
        "They are the last enabled administrator of the whole tenant: make another one first.",
    )
}
