//! People.

use platform::{Condition, Item, TableError, Write};
use schemas::{
    TenantId, Timestamp, UserId,
    api::{
        role::{RoleAssignment, RoleName},
        session::Role,
    },
};
use serde::{Deserialize, Serialize};

use crate::SealedSecret;

use super::{External, Identity, IdentityError, Noun, encode, tenant_key};

pub(super) const NOUN: &str = "users";
/// What serialises the changes by which a tenant could lose its last administrator.
const GUARDS: &str = "user-guards";

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
    /// Who they are at the service that signs them in, for those who have no password here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// When they were created.
    pub created_at: Timestamp,
    /// Since when they are kept from signing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// The second factor of signing in, which counts once it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
}

/// A second factor of signing in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecondFactor {
    /// What its codes are made from, sealed for the person.
    pub seed: SealedSecret,
    /// When the person showed that their device makes them.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was taken: no code counts twice.
    pub last_step: u64,
    /// SHA-256 of the recovery codes that were not used, hex.
    pub recovery_hashes: Vec<String>,
}

/// What became of a change of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonChanged {
    /// It is made.
    Done,
    /// Somebody else changed the person meanwhile.
    Meanwhile,
    /// Nothing was changed, since no enabled administrator of the whole tenant would be left.
    LastAdmin,
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
    /// A new person. Versions of passwords begin with the time, so that no session of one who was removed is one of somebody
    /// who has the login after them.
    pub fn new(
        id: UserId,
        password_hash: String,
        one_time: bool,
        roles: Vec<RoleAssignment>,
        now: Timestamp,
    ) -> Self {
        let mut user = Self {
            id,
            password_hash,
            one_time,
            password_version: u64::try_from(now.as_ms()).unwrap_or(0),
            roles: Vec::new(),
            limited_roles: Vec::new(),
            external: None,
            created_at: now,
            disabled_at: None,
            second_factor: None,
        };
        user.assign(roles);
        user
    }

    /// Gives them these roles and no others.
    pub fn assign(&mut self, roles: Vec<RoleAssignment>) {
        let (whole, limited): (Vec<_>, Vec<_>) = roles
            .into_iter()
            .partition(|role| role.collections.is_empty());
        self.roles = whole.into_iter().map(|role| role.role).collect();
        self.limited_roles = limited;
    }

    /// The second factor that they sign in with.
    pub fn confirmed_factor(&self) -> Option<&SecondFactor> {
        let factor = self.second_factor.as_ref();
        factor.filter(|factor| factor.confirmed_at.is_some())
    }

    /// Whether they can do everything in the tenant.
    pub fn is_admin(&self) -> bool {
        let admin = |role: &RoleName| role.builtin() == Some(Role::Admin);
        self.disabled_at.is_none() && self.roles.iter().any(admin)
    }

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

impl Noun for User {
    const NOUN: &str = NOUN;
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
        let whole = |role| RoleAssignment {
            role,
            collections: Vec::new(),
        };
        let roles = roles.into_iter().map(whole).collect();
        let user = User::new(id.clone(), password_hash, true, roles, self.now());
        let item = item(tenant, &user)?;
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

impl Identity {
    /// A person with the revision that names this state.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn user_at(
        &self,
        tenant: &TenantId,
        id: &UserId,
    ) -> Result<Option<(User, u64)>, IdentityError> {
        self.read(NOUN, &tenant_key(tenant, NOUN, id.as_str()))
            .await
    }

    /// Changes a person of this revision to this state.
    ///
    /// # Errors
    /// When the table fails, or many others change administrators at once.
    pub async fn change_user(
        &self,
        tenant: &TenantId,
        user: &User,
        revision: u64,
    ) -> Result<PersonChanged, IdentityError> {
        let write = Write::Put {
            item: item(tenant, user)?,
            condition: Condition::VersionIs(revision),
        };
        self.keep_an_admin(tenant, &user.id, write, user.is_admin())
            .await
    }

    /// Removes a person of this revision.
    ///
    /// # Errors
    /// As [`Self::change_user`].
    pub async fn remove_user(
        &self,
        tenant: &TenantId,
        id: &UserId,
        revision: u64,
    ) -> Result<PersonChanged, IdentityError> {
        let write = Write::Delete {
            key: tenant_key(tenant, NOUN, id.as_str()),
            condition: Condition::VersionIs(revision),
        };
        self.keep_an_admin(tenant, id, write, false).await
    }

    /// Gives a person as they were read this second factor, or none; says whether they still were so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_second_factor(
        &self,
        tenant: &TenantId,
        user: &User,
        revision: u64,
        factor: Option<SecondFactor>,
    ) -> Result<bool, IdentityError> {
        let user = User {
            second_factor: factor,
            ..user.clone()
        };
        let condition = Condition::VersionIs(revision);
        let put = self.platform.table.put(item(tenant, &user)?, condition);
        match put.await {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed { .. } | TableError::Conflict) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// Makes a change of one person, unless it takes the last administrator away. Two changes that each leave the other one's
    /// administrator cannot both be made: each replaces the guard as it was before it looked.
    async fn keep_an_admin(
        &self,
        tenant: &TenantId,
        id: &UserId,
        write: Write,
        stays_admin: bool,
    ) -> Result<PersonChanged, IdentityError> {
        let guard = tenant_key(tenant, GUARDS, "admins");
        for _ in 0..super::ATTEMPTS {
            let mut writes = vec![write.clone()];
            if !stays_admin {
                let before = self.platform.table.get(&guard).await;
                let before = before.map_err(|error| IdentityError::Table(NOUN, error))?;
                let was_admin = self.user(tenant, id).await?.is_some_and(|u| u.is_admin());
                if was_admin {
                    if !self.has_other_admin(tenant, id).await? {
                        return Ok(PersonChanged::LastAdmin);
                    }
                    writes.push(Write::Put {
                        item: Item::new(guard.clone(), id.as_str()),
                        condition: before.map_or(Condition::NotExists, |item| {
                            Condition::VersionIs(item.version)
                        }),
                    });
                }
            }
            match self.platform.table.transact(writes).await {
                Ok(()) => return Ok(PersonChanged::Done),
                Err(TableError::ConditionFailed { at: 0, .. }) => {
                    return Ok(PersonChanged::Meanwhile);
                }
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }

    /// Whether somebody else is an enabled administrator of the whole tenant.
    async fn has_other_admin(&self, tenant: &TenantId, id: &UserId) -> Result<bool, IdentityError> {
        self.any_user(tenant, |user| user.id != *id && user.is_admin())
            .await
    }

    /// Whether there is a person of a kind.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn any_user(
        &self,
        tenant: &TenantId,
        mut is: impl FnMut(&User) -> bool + Send,
    ) -> Result<bool, IdentityError> {
        let mut cursor = None;
        loop {
            let page = self.list::<User>(tenant, 1000, cursor).await?;
            if page.records.iter().any(&mut is) {
                return Ok(true);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(false);
            }
        }
    }
}

pub(super) fn key(tenant: &TenantId, id: &UserId) -> platform::Key {
    tenant_key(tenant, NOUN, id.as_str())
}

/// A person as they are stored.
pub(super) fn item(tenant: &TenantId, user: &User) -> Result<Item, IdentityError> {
    encode(NOUN, tenant_key(tenant, NOUN, user.id.as_str()), user)
}
