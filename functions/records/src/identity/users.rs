//! People.

use platform::{Condition, TableError};
use schemas::{
    TenantId, Timestamp, UserId,
    api::role::{RoleAssignment, RoleName},
};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, encode, tenant_key};

const NOUN: &str = "users";

/// A person of a tenant.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    /// Their id, which is their login in lower case.
    pub id: UserId,
    /// Argon2id hash of the password, in PHC text.
    pub password_hash: String,
    /// Whether the password was made by somebody else and has to be changed.
    pub one_time: bool,
    /// Counts the password's changes, so that sessions of an earlier one end.
    pub password_version: u64,
    /// The roles that they have for the whole tenant.
    pub roles: Vec<RoleName>,
    /// The roles that are limited to collections, apart from the others so that a version that knows of no limits does not
    /// take them for those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limited_roles: Vec<RoleAssignment>,
    /// When they were created.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

impl User {
    /// All roles that they have.
    pub fn assignments(&self) -> Vec<RoleAssignment> {
        let whole = self.roles.iter().map(|role| RoleAssignment {
            role: role.clone(),
            collections: Vec::new(),
        });
        let limited = self.limited_roles.iter();
        // A limit that was lost must not become none.
        let limited = limited.filter(|role| !role.collections.is_empty());
        whole.chain(limited.cloned()).collect()
    }

    /// The names of all roles that they have, each once.
    pub fn role_names(&self) -> Vec<RoleName> {
        let mut names: Vec<_> = self.assignments().into_iter().map(|a| a.role).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Identity {
    /// Creates a person with a one-time password's hash; says whether they are new.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_user(
        &self,
        tenant: &TenantId,
        id: &UserId,
        password_hash: String,
        roles: Vec<RoleName>,
    ) -> Result<bool, IdentityError> {
        let user = User {
            id: id.clone(),
            password_hash,
            one_time: true,
            password_version: 1,
            roles,
            limited_roles: Vec::new(),
            created_at: self.now(),
        };
        let item = encode(NOUN, tenant_key(tenant, NOUN, id.as_str()), &user)?;
        match self.platform.table.put(item, Condition::NotExists).await {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// A person.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn user(
        &self,
        tenant: &TenantId,
        id: &UserId,
    ) -> Result<Option<User>, IdentityError> {
        let found = self
            .read(NOUN, &tenant_key(tenant, NOUN, id.as_str()))
            .await?;
        Ok(found.map(|(user, _)| user))
    }

    /// Replaces a password. With `expected_version` only when the password is still the one of that version. Says whether
    /// it was replaced: not when the person is unknown, or the password was changed meanwhile.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn set_password(
        &self,
        tenant: &TenantId,
        id: &UserId,
        password_hash: &str,
        one_time: bool,
        expected_version: Option<u64>,
    ) -> Result<bool, IdentityError> {
        let key = tenant_key(tenant, NOUN, id.as_str());
        for _ in 0..super::ATTEMPTS {
            let Some((mut user, version)) = self.read::<User>(NOUN, &key).await? else {
                return Ok(false);
            };
            if expected_version.is_some_and(|expected| expected != user.password_version) {
                return Ok(false);
            }
            password_hash.clone_into(&mut user.password_hash);
            user.one_time = one_time;
            user.password_version = user.password_version.saturating_add(1);
            let item = encode(NOUN, key.clone(), &user)?;
            match self
                .platform
                .table
                .put(item, Condition::VersionIs(version))
                .await
            {
                Ok(_) => return Ok(true),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }
}
