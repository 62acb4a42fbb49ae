//! Who is known: tenants, people, enrolment tokens, agents, and what guards them.
//!
//! Keys begin with the tenant. Small directories stand under `global/`: the list of tenants, and to which tenant the id of an
//! enrolment token or an API key belongs, because these arrive before their tenant is known. An agent's id carries its tenant.

mod agents;
mod alerts;
mod api_keys;
mod attempts;
mod enrolment_tokens;
mod identity_providers;
mod invitations;
mod nonces;
mod roles;
mod session_settings;
mod sessions;
mod tenants;
mod trusted_builds;
mod users;

use platform::{Condition, Cursor, Item, Key, Page, Platform, SortRange, TableError};
use schemas::{TenantId, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use crate::Listed;

pub use agents::{
    Agent, BootNews, Enrolment, FORMER_KEY_MS, FormerKey, NewAgent, Rotation, agent_id,
    tenant_of_agent,
};
pub use alerts::Alert;
pub use api_keys::{ApiKey, ApiKeyState, MAX_KEYS_OF_A_PERSON};
pub use enrolment_tokens::{StoredToken, TokenState};
pub use identity_providers::{
    External, GroupRoles, IdentityProvider, MAX_IDENTITY_PROVIDERS, SignedIn, is_external,
};
pub use invitations::{Acceptance, Invitation};
pub use roles::CustomRole;
pub use session_settings::{SessionSettingsRecord, lacks_second_factor};
pub use sessions::{HeldSession, SessionRecord};
pub use tenants::Tenant;
pub use trusted_builds::{MAX_TRUSTED_BUILDS, TrustedBuild};
pub use users::{PersonChanged, SecondFactor, User};

/// Why an identity could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The table did not do as asked.
    #[error("{0} could not be read or written")]
    Table(&'static str, #[source] TableError),
    /// What is stored cannot be read.
    #[error("a stored record of {0} is damaged")]
    Damaged(&'static str, #[source] serde_json::Error),
    /// A text is no id.
    #[error("an id cannot be formed of this text")]
    Id(#[source] schemas::ids::InvalidId),
    /// Many others changed the same record at once.
    #[error("{0} is being changed by others; repeat")]
    Busy(&'static str),
}

/// How often a conditional change is tried again before [`IdentityError::Busy`].
const ATTEMPTS: usize = 8;
/// How many records are read at once where all are.
const AT_ONCE: u32 = 200;

/// The repositories of identities. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    platform: Platform,
}

/// What a tenant has many of, listed by id.
pub trait Noun: DeserializeOwned {
    /// Its part of the key.
    const NOUN: &'static str;
}

impl Identity {
    /// The repositories of a platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(self.platform.clock.now_ms()).unwrap_or(i64::MAX))
    }

    /// A record with the version that it was read at.
    async fn read<T: DeserializeOwned>(
        &self,
        noun: &'static str,
        key: &Key,
    ) -> Result<Option<(T, u64)>, IdentityError> {
        let item = self
            .platform
            .table
            .get(key)
            .await
            .map_err(|error| IdentityError::Table(noun, error))?;
        item.map(|item| Ok((decode(noun, &item)?, item.version)))
            .transpose()
    }

    /// One page of a tenant's things of a kind, by id.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn list<T: Noun>(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<T>, IdentityError> {
        let page = Page::first(limit).after(cursor);
        self.page_of(tenant, T::NOUN, &SortRange::All, &page).await
    }

    /// All of a tenant's things of a kind of which a tenant has not many.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn all<T: Noun>(&self, tenant: &TenantId) -> Result<Vec<T>, IdentityError> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.list(tenant, AT_ONCE, cursor).await?;
            all.extend(page.records);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// One page of a tenant's records of a noun.
    async fn page_of<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        noun: &'static str,
        range: &SortRange,
        page: &Page,
    ) -> Result<Listed<T>, IdentityError> {
        let partition = format!("t/{tenant}/{noun}");
        self.page(noun, &partition, range, page).await
    }

    /// One page of a partition.
    async fn page<T: DeserializeOwned>(
        &self,
        noun: &'static str,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<Listed<T>, IdentityError> {
        let found = self.platform.table.query(partition, range, page).await;
        let found = found.map_err(|error| IdentityError::Table(noun, error))?;
        let records = found.items.iter().map(|item| decode(noun, item));
        Ok(Listed {
            records: records.collect::<Result<_, _>>()?,
            next: found.next,
        })
    }

    /// Removes a record of a tenant; `false` when there is none of this id.
    async fn remove(
        &self,
        tenant: &TenantId,
        noun: &'static str,
        id: &str,
    ) -> Result<bool, IdentityError> {
        let key = tenant_key(tenant, noun, id);
        match self.platform.table.delete(&key, Condition::Exists).await {
            Ok(()) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(noun, error)),
        }
    }
}

/// The record in an item.
fn decode<T: DeserializeOwned>(noun: &'static str, item: &Item) -> Result<T, IdentityError> {
    serde_json::from_slice(&item.value).map_err(|error| IdentityError::Damaged(noun, error))
}

/// An item of a record.
fn encode<T: Serialize>(noun: &'static str, key: Key, record: &T) -> Result<Item, IdentityError> {
    let value = serde_json::to_vec(record).map_err(|error| IdentityError::Damaged(noun, error))?;
    Ok(Item::new(key, value))
}

/// The key of a record of a tenant.
fn tenant_key(tenant: &TenantId, noun: &str, sort: &str) -> Key {
    Key::new(format!("t/{tenant}/{noun}"), sort)
}
