//! Deliveries: one notification to one channel each, kept for 14 days, the newest first.

use platform::{Cursor, Item, Platform, SortRange};
use schemas::{
    ChannelId, DeliveryId, TenantId, Timestamp,
    api::notification::{Delivery, DeliveryState},
    notification::Notification,
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Listed, Put, stored},
};

const NOUN: &str = "notification-deliveries";
const WHAT: &str = "a delivery";
/// How long a delivery is kept after its last change: 14 days, in seconds.
const KEPT_S: i64 = 14 * 24 * 3600;
/// The latest moment that can be written, in milliseconds: sorts turn the order round by counting from it.
const LATEST_MS: i64 = 253_402_300_799_999;
/// Longest result that is kept, in bytes.
const MAX_RESULT_BYTES: usize = 500;

/// A delivery as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its id.
    pub id: DeliveryId,
    /// The channel.
    pub channel: ChannelId,
    /// What is delivered.
    pub notification: Notification,
    /// What it says, in one line.
    pub title: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried, since it was sent or sent again; one that is under way counts.
    pub attempts: u32,
    /// Random digits of the attempt that began last: of two that begin at once only one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub updated_at: Timestamp,
    /// What the last attempt came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Who has it although it is not delivered: addresses of a channel that leads to several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_by: Vec<String>,
}

stored! { DeliveryRecord: "a delivery" 1; }

impl DeliveryRecord {
    /// A delivery that was not tried yet. Its id derives from the channel and the notification: making it twice makes one.
    ///
    /// # Errors
    /// When no id can be made of the channel's, which is no shorter than ids are.
    pub fn new(
        channel: &ChannelId,
        notification: Notification,
        title: String,
    ) -> Result<Self, RecordError> {
        let at = notification.at;
        let left = LATEST_MS.saturating_sub(at.as_ms());
        let of = keys::digest(format!("{channel}/{}", notification.id).as_bytes());
        let id = format!("{channel}.{left:016}-{}", keys::short(&of));
        Ok(Self {
            version: 1,
            id: DeliveryId::try_from(id).map_err(|_| RecordError::Name(WHAT))?,
            channel: channel.clone(),
            notification,
            title,
            state: DeliveryState::Pending,
            attempts: 0,
            attempt: None,
            next_attempt_at: Some(at),
            created_at: at,
            updated_at: at,
            result: None,
            taken_by: Vec::new(),
        })
    }

    /// The same while an attempt of these random digits is under way; if nothing comes of it, the next is then.
    #[must_use]
    pub fn begun(mut self, now: Timestamp, attempt: String, next: Timestamp) -> Self {
        self.attempts = self.attempts.saturating_add(1);
        self.attempt = Some(attempt);
        self.next_attempt_at = Some(next);
        self.updated_at = now;
        self
    }

    /// The same after an attempt, with what it came to.
    #[must_use]
    pub fn tried(
        mut self,
        now: Timestamp,
        state: DeliveryState,
        next: Option<Timestamp>,
        result: &str,
    ) -> Self {
        let end = result.floor_char_boundary(MAX_RESULT_BYTES);
        self.state = state;
        self.next_attempt_at = next;
        self.updated_at = now;
        self.result = result.get(..end).map(str::to_owned);
        self
    }

    /// The same where some more have it.
    #[must_use]
    pub fn taken_by(mut self, some: &[String]) -> Self {
        let new = some.iter().filter(|one| !self.taken_by.contains(one));
        let new: Vec<String> = new.cloned().collect();
        self.taken_by.extend(new);
        self
    }

    /// The same to be sent again: one that arrived, from the beginning; another to those who do not have it.
    #[must_use]
    pub fn again(mut self, now: Timestamp) -> Self {
        if self.state == DeliveryState::Delivered {
            self.taken_by.clear();
        }
        self.state = DeliveryState::Pending;
        self.attempts = 0;
        self.attempt = None;
        self.next_attempt_at = Some(now);
        self.updated_at = now;
        self
    }

    /// It as it is answered.
    pub fn row(self) -> Delivery {
        Delivery {
            id: self.id,
            channel: self.channel,
            event: self.notification.event,
            title: self.title,
            state: self.state,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            result: self.result,
        }
    }
}

/// The repository of deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Deliveries<'a>(pub &'a Platform);

impl Deliveries<'_> {
    /// A delivery with the revision that names this state; `None` when there is none, or not any more.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &DeliveryId,
    ) -> Result<Option<(DeliveryRecord, u64)>, RecordError> {
        store::read(self.0, &key(tenant, id)).await
    }

    /// Keeps a delivery in place of the state of this revision, or where there is none; says whether that was so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        delivery: &DeliveryRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        let forget_s = delivery.updated_at.as_s().saturating_add(KEPT_S);
        let item = Item::new(key(tenant, &delivery.id), store::encode(delivery)?)
            .with_expiry(u64::try_from(forget_s).unwrap_or(0));
        let put = store::put(self.0, item, store::unchanged(replaces), WHAT).await?;
        Ok(matches!(put, Put::Written))
    }

    /// One page of a channel's deliveries, the newest first.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        channel: &ChannelId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<DeliveryRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        let range = SortRange::Prefix(format!("{channel}."));
        store::list(self.0, &partition, &range, limit, cursor).await
    }
}

fn key(tenant: &TenantId, id: &DeliveryId) -> platform::Key {
    keys::key(tenant, NOUN, id.as_str())
}
