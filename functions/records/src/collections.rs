//! Collections: one record each, replaced only by who read it last.

use platform::{Cursor, Platform, SortRange};
use schemas::{
    CollectionId, TenantId, Timestamp, api::collection::CollectionText, collection::CollectionParts,
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Listed, stored},
};

const NOUN: &str = "collections";
const WHAT: &str = "a collection";

/// A collection as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its id.
    pub id: CollectionId,
    /// Its name, for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it has.
    pub parts: CollectionParts,
    /// When it was made or last changed.
    pub updated_at: Timestamp,
    /// Who did.
    pub updated_by: String,
}

stored! { CollectionRecord: "a collection" 1; }

impl CollectionRecord {
    /// A new state of a collection.
    pub fn new(
        id: CollectionId,
        text: CollectionText,
        updated_at: Timestamp,
        updated_by: &str,
    ) -> Self {
        Self {
            version: 1,
            id,
            name: text.name,
            description: text.description,
            parts: text.parts,
            updated_at,
            updated_by: updated_by.to_owned(),
        }
    }
}

/// The repository of collections.
#[derive(Clone, Copy, Debug)]
pub struct Collections<'a>(pub &'a Platform);

impl Collections<'_> {
    /// A collection, with the revision that names this state.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &CollectionId,
    ) -> Result<Option<(CollectionRecord, u64)>, RecordError> {
        store::read(self.0, &keys::key(tenant, NOUN, id.as_str())).await
    }

    /// Those of these collections that there are, in no promised order.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many(
        &self,
        tenant: &TenantId,
        ids: impl IntoIterator<Item = &CollectionId>,
    ) -> Result<Vec<CollectionRecord>, RecordError> {
        let ids = ids.into_iter();
        let keys: Vec<_> = ids.map(|id| keys::key(tenant, NOUN, id.as_str())).collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        store::decode_all(&items)
    }

    /// One page of a tenant's collections, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<CollectionRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }

    /// Keeps a collection in place of the state of this revision, or where none is of its id; says whether that was so.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        record: &CollectionRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, NOUN, record.id.as_str());
        store::replace(self.0, key, record, replaces).await
    }

    /// Removes the state of this revision; `false` where another one is there.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn remove(
        &self,
        tenant: &TenantId,
        id: &CollectionId,
        revision: u64,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        store::delete_read(self.0, &key, revision, WHAT).await
    }
}
