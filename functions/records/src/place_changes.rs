//! What changed in places and was not told yet: a record for each place and fix, written with the place's new state, so that
//! no change is lost; and for each fix the draft of the notification that they become.

use platform::{Condition, Item, Platform, SortRange, TableError, Write, patience::patiently};
use schemas::{
    CollectionId, TenantId, Timestamp,
    notification::{Notification, PlaceChange},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Found, Put, stored},
};

const CHANGES: &str = "notification-changes";
const DRAFTS: &str = "notification-drafts";
const WHAT: &str = "changes of places";
/// Most changes that are read at once.
const PAGE: u32 = 500;
/// Most changes that are moved into a draft at once: all of it is one transaction.
pub const MAX_MOVED: usize = 90;

/// A change that was not told yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// What it is told with, 32 hexadecimal digits.
    pub group: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub change: PlaceChange,
    /// Of the collections that channels are limited to, those which have the place, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CollectionId>,
}

/// A notification that is being put together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DraftRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// What it tells of together.
    pub group: String,
    /// Whether nothing is added any more: it is being told.
    pub sealed: bool,
    /// When the last change that it has happened.
    pub last_at: Timestamp,
    /// What it says.
    pub notification: Notification,
}

stored! {
    ChangeRecord: "a change of a place" 1;
    DraftRecord: "a draft of a notification" 1;
}

/// A change with what names its state.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredChange {
    /// The change.
    pub record: ChangeRecord,
    key: platform::Key,
    version: u64,
}

/// The repository of changes.
#[derive(Clone, Copy, Debug)]
pub struct PlaceChanges<'a>(pub &'a Platform);

impl PlaceChanges<'_> {
    /// Changes that were not told yet, group by group; as many as are read at once.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn some(&self, tenant: &TenantId) -> Result<Vec<StoredChange>, RecordError> {
        let partition = keys::partition(tenant, CHANGES);
        let page = store::page(self.0, &partition, &SortRange::All, PAGE, None, WHAT).await?;
        let changes = page.items.into_iter().map(|item| {
            Ok(StoredChange {
                record: store::decode(&item.value)?,
                key: item.key,
                version: item.version,
            })
        });
        changes.collect()
    }

    /// Keeps a draft in place of the one that was read, and forgets these changes that it has: both or none of it, so that
    /// each change is in one draft. At most [`MAX_MOVED`] changes. `false` when somebody else changed any of it in between.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn move_into(
        &self,
        tenant: &TenantId,
        before: Option<&Found<DraftRecord>>,
        draft: &DraftRecord,
        changes: &[StoredChange],
    ) -> Result<bool, RecordError> {
        let mut writes = vec![write_draft(tenant, before, draft)?];
        writes.extend(changes.iter().map(|change| Write::Delete {
            key: change.key.clone(),
            condition: Condition::VersionIs(change.version),
        }));
        let put = store::transact(self.0, writes, WHAT).await?;
        Ok(matches!(put, Put::Written))
    }

    /// The drafts.
    ///
    /// # Errors
    /// As [`Self::some`].
    pub async fn drafts(&self, tenant: &TenantId) -> Result<Vec<Found<DraftRecord>>, RecordError> {
        let partition = keys::partition(tenant, DRAFTS);
        let items = store::all(self.0, &partition, &SortRange::All, WHAT).await?;
        let drafts = items.iter().map(|item| {
            Ok(Found {
                record: store::decode(&item.value)?,
                version: item.version,
            })
        });
        drafts.collect()
    }

    /// The draft of a group.
    ///
    /// # Errors
    /// As [`Self::some`].
    pub async fn draft(
        &self,
        tenant: &TenantId,
        group: &str,
    ) -> Result<Option<Found<DraftRecord>>, RecordError> {
        store::find(
            self.0,
            &keys::key(tenant, DRAFTS, keys::plain(group, WHAT)?),
        )
        .await
    }

    /// Keeps a draft in place of the one that was read; `None` when somebody else did so in between.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_draft(
        &self,
        tenant: &TenantId,
        before: Option<&Found<DraftRecord>>,
        draft: DraftRecord,
    ) -> Result<Option<Found<DraftRecord>>, RecordError> {
        let key = keys::key(tenant, DRAFTS, keys::plain(&draft.group, WHAT)?);
        let condition = store::unchanged(before.map(|before| before.version));
        let item = Item::new(key.clone(), store::encode(&draft)?);
        match store::put(self.0, item, condition, WHAT).await? {
            Put::Held => Ok(None),
            // What another made of it in between is not what was put.
            Put::Written => Ok(store::find(self.0, &key)
                .await?
                .filter(|found: &Found<DraftRecord>| found.record == draft)),
        }
    }

    /// Forgets a draft that was told.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn forget_draft(
        &self,
        tenant: &TenantId,
        draft: &Found<DraftRecord>,
    ) -> Result<(), RecordError> {
        let key = keys::key(tenant, DRAFTS, keys::plain(&draft.record.group, WHAT)?);
        let condition = Condition::VersionIs(draft.version);
        let table = &self.0.table;
        match patiently(async || table.delete(&key, condition).await).await {
            Ok(()) | Err(TableError::ConditionFailed { .. }) => Ok(()),
            Err(error) => Err(RecordError::Table(WHAT, error)),
        }
    }
}

/// The write that keeps a draft in place of the one that was read.
pub(crate) fn write_draft(
    tenant: &TenantId,
    before: Option<&Found<DraftRecord>>,
    draft: &DraftRecord,
) -> Result<Write, RecordError> {
    let key = keys::key(tenant, DRAFTS, keys::plain(&draft.group, WHAT)?);
    Ok(Write::Put {
        item: Item::new(key, store::encode(draft)?),
        condition: store::unchanged(before.map(|before| before.version)),
    })
}

/// The writes that keep changes, to be done with the place's new state of this revision.
pub(crate) fn writes(
    tenant: &TenantId,
    revision: u64,
    changes: Vec<ChangeRecord>,
) -> Result<Vec<Write>, RecordError> {
    let puts = changes.into_iter().map(|change| {
        let group = keys::plain(&change.group, WHAT)?;
        let sort = format!("{group}/{}/{revision:020}", change.change.place.place);
        Ok(Write::Put {
            item: Item::new(keys::key(tenant, CHANGES, &sort), store::encode(&change)?),
            condition: Condition::None,
        })
    });
    puts.collect()
}
