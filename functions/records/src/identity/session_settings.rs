//! How people of a tenant sign in, and for how long.

use platform::{Condition, Item, Key, TableError};
use schemas::{TenantId, Timestamp, UserId, api::session_settings::SessionSettings};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, User, decode, encode, tenant_key};

const NOUN: &str = "settings";

/// The settings as they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSettingsRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The settings.
    pub settings: SessionSettings,
    /// When they were set.
    pub updated_at: Timestamp,
    /// Who set them.
    pub updated_by: String,
}

/// The key of a tenant's settings.
pub(super) fn key(tenant: &TenantId) -> Key {
    tenant_key(tenant, NOUN, "sessions")
}

/// The settings in an item, where there is one.
pub(super) fn settings_in(item: Option<&Item>) -> Result<SessionSettings, IdentityError> {
    let kept = item.map(|item| decode::<SessionSettingsRecord>(NOUN, item));
    Ok(kept
        .transpose()?
        .map_or_else(SessionSettings::default, |kept| kept.settings))
}

/// Whether these settings ask for a second factor of a person, and they have none.
#[must_use]
pub fn lacks_second_factor(settings: &SessionSettings, person: &User) -> bool {
    let is_asked = settings.second_factor
        || person
            .role_names()
            .iter()
            .any(|role| settings.second_factor_roles.contains(role));
    is_asked && person.external.is_none() && person.confirmed_factor().is_none()
}

impl Identity {
    /// A tenant's settings, with the revision that names this state; `None` while they are as they are by themselves.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn session_settings(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(SessionSettingsRecord, u64)>, IdentityError> {
        self.read(NOUN, &key(tenant)).await
    }

    /// A person with the settings of their tenant, read together: for one more item and no more time.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn user_with_settings(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Option<(User, SessionSettings)>, IdentityError> {
        let keys = [super::users::key(tenant, user), key(tenant)];
        let found = self.platform.table.get_many(&keys).await;
        let found = found.map_err(|error| IdentityError::Table(NOUN, error))?;
        let [person, settings] = keys
            .each_ref()
            .map(|key| found.iter().find(|item| item.key == *key));
        let settings = settings_in(settings)?;
        let person = person.map(|person| decode("users", person)).transpose()?;
        Ok(person.map(|person| (person, settings)))
    }

    /// Keeps a tenant's settings in place of the state of this revision, or as the first ones; returns the revision, or `None`
    /// when the state is another.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_session_settings(
        &self,
        tenant: &TenantId,
        record: &SessionSettingsRecord,
        replaces: Option<u64>,
    ) -> Result<Option<u64>, IdentityError> {
        let condition = replaces.map_or(Condition::NotExists, Condition::VersionIs);
        let item = encode(NOUN, key(tenant), record)?;
        match self.platform.table.put(item, condition).await {
            Ok(revision) => Ok(Some(revision)),
            Err(TableError::ConditionFailed { .. } | TableError::Conflict) => Ok(None),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }
}
