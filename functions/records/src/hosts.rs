//! Hosts: one record each, replaced by what was observed later.

use platform::{Cursor, Item, Platform, SortRange};
use schemas::{
    AgentId, HostId, Place, TenantId, Timestamp,
    inventory::{CoverageStatus, HostFacts, OperatingSystem},
};
use serde::{Deserialize, Serialize};

use crate::{
    Inventories, RecordError,
    inventories::InventoryRef,
    keys,
    store::{self, Listed, Put, stored},
};

const NOUN: &str = "hosts";

/// What is known of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The host.
    pub id: HostId,
    /// The agent that observed it.
    pub agent: AgentId,
    /// When it was observed.
    pub observed_at: Timestamp,
    /// Order of this state, see [`crate::order`].
    pub order: u64,
    /// Its facts.
    pub facts: HostFacts,
    /// Its operating system.
    #[serde(default)]
    pub os: Option<OperatingSystem>,
    /// Number of its packages.
    pub packages: u32,
    /// How much of it was read.
    pub coverage: CoverageStatus,
    /// Its inventory.
    pub inventory: InventoryRef,
    /// The trace that this state is the end of, 32 hexadecimal digits: that of an agent's upload, for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

stored! { HostRecord: "a host" 1; }

/// What a put of a state met.
#[derive(Clone, Debug, PartialEq)]
pub enum PutState<T> {
    /// It is stored now, in place of this one.
    Stored(Option<T>),
    /// It was stored before.
    Known,
    /// A later one is stored.
    Outdated,
}

/// The repository of hosts.
#[derive(Clone, Copy, Debug)]
pub struct Hosts<'a>(pub &'a Platform);

impl Hosts<'_> {
    /// A host.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &HostId,
    ) -> Result<Option<HostRecord>, RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        Ok(store::read(self.0, &key).await?.map(|(host, _)| host))
    }

    /// Those of these hosts that are known, in no promised order.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many(
        &self,
        tenant: &TenantId,
        ids: &[HostId],
    ) -> Result<Vec<HostRecord>, RecordError> {
        let keys: Vec<_> = ids
            .iter()
            .map(|id| keys::key(tenant, NOUN, id.as_str()))
            .collect();
        let items = store::get_many(self.0, &keys, "a host").await?;
        store::decode_all(&items)
    }

    /// One page of a tenant's hosts, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<HostRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }

    /// Stores a host's state unless a later one is stored, and forgets the inventory that it replaces.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        host: &HostRecord,
    ) -> Result<PutState<HostRecord>, RecordError> {
        let key = keys::key(tenant, NOUN, host.id.as_str());
        let value = store::encode(host)?;
        for _ in 0..store::ATTEMPTS {
            let current = store::read::<HostRecord>(self.0, &key).await?;
            if let Some((current, _)) = &current {
                if current.order > host.order {
                    let place = Place::Host(host.id.clone());
                    Inventories(self.0)
                        .forget(tenant, &place, &host.inventory)
                        .await;
                    return Ok(PutState::Outdated);
                }
                if current.order == host.order {
                    return Ok(PutState::Known);
                }
            }
            let condition = store::unchanged(current.as_ref().map(|(_, version)| *version));
            let item = Item::new(key.clone(), value.clone()).with_sequence(host.order);
            if let Put::Written = store::put(self.0, item, condition, "a host").await? {
                let before = current.map(|(before, _)| before);
                if let Some(before) = &before {
                    let place = Place::Host(host.id.clone());
                    Inventories(self.0)
                        .forget(tenant, &place, &before.inventory)
                        .await;
                }
                return Ok(PutState::Stored(before));
            }
        }
        Err(RecordError::Busy("a host"))
    }
}
