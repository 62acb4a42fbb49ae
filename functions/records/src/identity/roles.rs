//! Roles that a tenant makes for itself, and what somebody with some roles may do.

use std::collections::BTreeSet;

use access::{Grants, Permission, Permissions, Reach, permission};
use platform::{Condition, Cursor, Page, SortRange, TableError};
use schemas::{
    TenantId, Timestamp,
    api::role::{RoleAssignment, RoleName},
};
use serde::{Deserialize, Serialize};

use crate::Listed;

use super::{Identity, IdentityError, decode, encode, tenant_key};

const NOUN: &str = "roles";

/// A role that a tenant made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Its name, which no built-in role has.
    pub name: RoleName,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The words of its permissions; those that this version does not know allow nothing.
    pub permissions: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who changed it then.
    pub updated_by: String,
}

impl CustomRole {
    /// Its permissions, without those that this version does not know.
    pub fn known_permissions(&self) -> Permissions {
        let words = self.permissions.iter();
        words
            .filter_map(|word| Permission::from_word(word))
            .collect()
    }
}

impl Identity {
    /// What somebody with these roles may do. A role that is not there any more allows nothing.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn grants(
        &self,
        tenant: &TenantId,
        assignments: &[RoleAssignment],
    ) -> Result<Grants, IdentityError> {
        let mut grants = Grants::default();
        let mut custom = BTreeSet::new();
        for assignment in assignments {
            match assignment.role.builtin() {
                Some(role) => {
                    let reach = Reach::of(&assignment.collections);
                    grants.add(permission::of_role(role), reach);
                }
                None => {
                    custom.insert(&assignment.role);
                }
            }
        }
        let keys: Vec<_> = custom
            .into_iter()
            .map(|name| tenant_key(tenant, NOUN, name.as_str()))
            .collect();
        for some in keys.chunks(platform::table::MAX_GET_MANY) {
            let found = self.platform.table.get_many(some).await;
            let found = found.map_err(|error| IdentityError::Table(NOUN, error))?;
            for item in &found {
                let role: CustomRole = decode(NOUN, item)?;
                for assignment in assignments.iter().filter(|a| a.role == role.name) {
                    let reach = Reach::of(&assignment.collections);
                    grants.add(role.known_permissions(), reach);
                }
            }
        }
        Ok(grants)
    }

    /// A role that the tenant made, with the revision that names this state.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn role(
        &self,
        tenant: &TenantId,
        name: &RoleName,
    ) -> Result<Option<(CustomRole, u64)>, IdentityError> {
        self.read(NOUN, &tenant_key(tenant, NOUN, name.as_str()))
            .await
    }

    /// One page of the roles that a tenant made, by name.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn roles(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<CustomRole>, IdentityError> {
        let page = Page::first(limit).after(cursor);
        self.page_of(tenant, NOUN, &SortRange::All, &page).await
    }

    /// Stores a role in place of the state of this revision, or where there is none; returns its new revision, or `None`
    /// when that was not so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_role(
        &self,
        tenant: &TenantId,
        role: &CustomRole,
        replaces: Option<u64>,
    ) -> Result<Option<u64>, IdentityError> {
        let item = encode(NOUN, tenant_key(tenant, NOUN, role.name.as_str()), role)?;
        let condition = replaces.map_or(Condition::NotExists, Condition::VersionIs);
        match self.platform.table.put(item, condition).await {
            Ok(revision) => Ok(Some(revision)),
            Err(TableError::ConditionFailed { .. }) => Ok(None),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// Removes a role of this revision; says whether it was the one that is there. From then on it allows nothing.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn remove_role(
        &self,
        tenant: &TenantId,
        name: &RoleName,
        revision: u64,
    ) -> Result<bool, IdentityError> {
        let key = tenant_key(tenant, NOUN, name.as_str());
        let condition = Condition::VersionIs(revision);
        match self.platform.table.delete(&key, condition).await {
            Ok(()) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }
}
