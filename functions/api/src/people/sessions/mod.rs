//! Sessions: one's own, and for who manages people those of everybody.

pub(crate) mod end;
pub(crate) mod list;

use access::{Permission, Reach};
use schemas::{UserId, api::session::SessionsQuery};

use crate::{
    auth::Principal,
    problem::{ApiError, Kind},
};

/// Whose sessions a request is about, if its caller may ask for them.
fn whose(caller: &Principal, query: SessionsQuery) -> Result<UserId, ApiError> {
    let own = caller.came.user();
    match (query.user, own) {
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => Err(ApiError::new(
            Kind::BadRequest,
            "Name the person whose sessions are meant: `user=LOGIN`.",
        )),
        (Some(user), own) if own == Some(&user) => Ok(user),
        (Some(user), _) => {
            if caller.settled().is_err()
                || caller.grants.reach(Permission::ManagePeople) != Reach::Tenant
            {
                return Err(ApiError::new(
                    Kind::Forbidden,
                    "Sessions of others are for those who have people.manage.",
                ));
            }
            Ok(user)
        }
    }
}
