//! Which sealed drafts are told together, and to whom: fixed before the first of them is told, so that whoever tells them, and
//! however often, makes the same messages of them. One record for each tenant, which is replaced once all of it was told.

use platform::{Item, Platform};
use schemas::{ChannelId, TenantId, api::notification::ChannelWants};
use serde::{Deserialize, Serialize};

use crate::{
    Found, RecordError, keys,
    place_changes::DraftRecord,
    store::{self, Put, stored},
};

const NOUN: &str = "notification-batches";
const WHAT: &str = "what is told together";
const SORT: &str = "CURRENT";

/// What is told together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Ids of the drafts' notifications, in the order in which they are put together.
    pub drafts: Vec<String>,
    /// Those that are told; none once all of them were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<BatchChannel>,
    /// More than so many messages for a channel are told as a digest.
    pub messages_per_minute: u32,
    /// Whether all of it was told. Until then none of the drafts is forgotten.
    #[serde(default)]
    pub told: bool,
}

/// A channel with what it wanted when it was fixed what it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchChannel {
    /// Which one.
    pub id: ChannelId,
    /// What it wanted.
    pub wants: ChannelWants,
}

stored! { BatchRecord: "what is told together" 1; }

impl BatchRecord {
    /// Whether a draft is among these.
    pub fn has(&self, draft: &DraftRecord) -> bool {
        self.drafts.contains(&draft.notification.id)
    }
}

/// The repository of what is told together.
#[derive(Clone, Copy, Debug)]
pub struct NotificationBatches<'a>(pub &'a Platform);

impl NotificationBatches<'_> {
    /// What is told together, or was last; `None` where nothing was yet.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(&self, tenant: &TenantId) -> Result<Option<Found<BatchRecord>>, RecordError> {
        store::find(self.0, &keys::key(tenant, NOUN, SORT)).await
    }

    /// Fixes what is told together in place of what was read; `None` when somebody else did so in between.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        before: Option<&Found<BatchRecord>>,
        batch: BatchRecord,
    ) -> Result<Option<Found<BatchRecord>>, RecordError> {
        if !self.write(tenant, before, &batch).await? {
            return Ok(None);
        }
        let found = self.get(tenant).await?;
        Ok(found.filter(|found| found.record == batch))
    }

    /// Notes that all of it was told.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn told(
        &self,
        tenant: &TenantId,
        batch: &Found<BatchRecord>,
    ) -> Result<(), RecordError> {
        let told = BatchRecord {
            channels: Vec::new(),
            told: true,
            ..batch.record.clone()
        };
        // Where somebody else did it is noted, too.
        self.write(tenant, Some(batch), &told).await.map(drop)
    }

    async fn write(
        &self,
        tenant: &TenantId,
        before: Option<&Found<BatchRecord>>,
        batch: &BatchRecord,
    ) -> Result<bool, RecordError> {
        let item = Item::new(keys::key(tenant, NOUN, SORT), store::encode(batch)?);
        let condition = store::unchanged(before.map(|before| before.version));
        let put = store::put(self.0, item, condition, WHAT).await?;
        Ok(matches!(put, Put::Written))
    }
}
