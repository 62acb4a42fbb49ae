//! How many messages each channel was sent within a minute, and what was too much for it: that is summed up, and told when
//! the minute is over.

use platform::{Item, Platform};
use schemas::{ChannelId, TenantId, notification::Notification};
use serde::{Deserialize, Serialize};

use crate::{
    Found, RecordError, keys,
    store::{self, Put, stored},
};

const NOUN: &str = "notification-rates";
const WHAT: &str = "the rate of a channel";

/// What a channel was sent lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RateRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The minute that is counted, since 1970.
    pub minute: i64,
    /// Ids of the notifications that it was sent in that minute.
    #[serde(default)]
    pub sent: Vec<String>,
    /// Ids of those before that minute, the latest ones: whoever sends one of them once more is not counted for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// Digests of what was too much, one for each thing that happened.
    #[serde(default)]
    pub held: Vec<Notification>,
    /// Ids of what these digests have, the latest ones.
    #[serde(default)]
    pub held_ids: Vec<String>,
    /// Digests that are being sent: they stay as they are.
    #[serde(default)]
    pub leaving: Vec<Notification>,
}

stored! { RateRecord: "the rate of a channel" 1; }

/// The repository of rates.
#[derive(Clone, Copy, Debug)]
pub struct ChannelRates<'a>(pub &'a Platform);

impl ChannelRates<'_> {
    /// What a channel was sent lately; `None` where it was sent nothing yet.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        channel: &ChannelId,
    ) -> Result<Option<Found<RateRecord>>, RecordError> {
        store::find(self.0, &keys::key(tenant, NOUN, channel.as_str())).await
    }

    /// Keeps it in place of what was read; `false` when somebody else did so in between.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        channel: &ChannelId,
        before: Option<&Found<RateRecord>>,
        rate: &RateRecord,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, NOUN, channel.as_str());
        let item = Item::new(key, store::encode(rate)?);
        let condition = store::unchanged(before.map(|before| before.version));
        let put = store::put(self.0, item, condition, WHAT).await?;
        Ok(matches!(put, Put::Written))
    }
}

/// The key of a channel's rate, for who forgets the channel.
pub(crate) fn key(tenant: &TenantId, channel: &ChannelId) -> platform::Key {
    keys::key(tenant, NOUN, channel.as_str())
}
