//! Channels: where notifications go. One record each, replaced only by who read it last, with its secrets sealed in it; and
//! beside each whether its deliveries arrive, which is written as often as they fail.

use platform::{Condition, Item, Platform, SortRange};
use schemas::{
    ChannelId, TenantId, Timestamp,
    api::notification::{ChannelHealth, ChannelTarget, ChannelWants},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, SealedSecret, Secrets, channel_rates, keys,
    store::{self, stored},
};

const NOUN: &str = "notification-channels";
const HEALTH: &str = "notification-health";
const WHAT: &str = "a channel";
/// Most channels of a tenant.
pub const MAX_CHANNELS: usize = 20;
/// After so long without a delivery that arrived a channel is said to be failing: a day, in milliseconds.
const FAILING_AFTER_MS: i64 = 24 * 3600 * 1000;
/// Longest reason that is kept, in bytes.
const MAX_REASON_BYTES: usize = 500;

/// A channel as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub target: ChannelTarget,
    /// Its secrets; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<SealedSecret>,
    /// Until when the signing secret before signs, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_secret_until: Option<Timestamp>,
    /// What it is told of.
    pub wants: ChannelWants,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Why it was switched off by its receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub updated_by: String,
}

stored! {
    ChannelRecord: "a channel" 1;
    HealthRecord: "a channel's health" 1;
}

/// Whether a channel's deliveries arrive, as it is kept while they do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct HealthRecord {
    version: u32,
    failing_since: Timestamp,
    reason: String,
}

/// The repository of channels.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a>(pub &'a Platform);

impl Channels<'_> {
    /// A channel with the revision that names this state; `None` when there is none.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &ChannelId,
    ) -> Result<Option<(ChannelRecord, u64)>, RecordError> {
        store::read(self.0, &keys::key(tenant, NOUN, id.as_str())).await
    }

    /// All channels of a tenant, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn all(&self, tenant: &TenantId) -> Result<Vec<ChannelRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        let items = store::all(self.0, &partition, &SortRange::All, WHAT).await?;
        store::decode_all(&items)
    }

    /// Keeps a channel in place of the state of this revision, or where there is none; says whether that was so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        channel: &ChannelRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, NOUN, channel.id.as_str());
        store::replace(self.0, key, channel, replaces).await
    }

    /// Forgets a channel, with its secrets.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn delete(&self, tenant: &TenantId, id: &ChannelId) -> Result<(), RecordError> {
        for noun in [NOUN, HEALTH] {
            store::delete(self.0, &keys::key(tenant, noun, id.as_str()), WHAT).await?;
        }
        store::delete(self.0, &channel_rates::key(tenant, id), WHAT).await?;
        Ok(())
    }

    /// Seals what is secret of a channel.
    ///
    /// # Errors
    /// As [`Secrets::seal`].
    pub async fn seal(
        &self,
        tenant: &TenantId,
        id: &ChannelId,
        secrets: &SecretString,
    ) -> Result<SealedSecret, RecordError> {
        Secrets(self.0).seal(tenant, &thing(id), secrets).await
    }

    /// What is secret of a channel; `None` where it has no secrets.
    ///
    /// # Errors
    /// As [`Secrets::open`].
    pub async fn open(
        &self,
        tenant: &TenantId,
        channel: &ChannelRecord,
    ) -> Result<Option<SecretString>, RecordError> {
        match &channel.secrets {
            Some(sealed) => Secrets(self.0)
                .open(tenant, &thing(&channel.id), sealed)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// Switches a channel off, for this reason, as its receiver asked. One that was changed since it was read stays on.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn switch_off(
        &self,
        tenant: &TenantId,
        channel: &ChannelRecord,
        revision: u64,
        reason: &str,
    ) -> Result<(), RecordError> {
        let mut off = channel.clone();
        off.enabled = false;
        off.disabled_reason = Some(reason.to_owned());
        self.put(tenant, &off, Some(revision)).await.map(drop)
    }

    /// Whether a channel's deliveries arrive.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn health(
        &self,
        tenant: &TenantId,
        id: &ChannelId,
    ) -> Result<ChannelHealth, RecordError> {
        let key = keys::key(tenant, HEALTH, id.as_str());
        let found: Option<(HealthRecord, u64)> = store::read(self.0, &key).await?;
        let Some((record, _)) = found else {
            return Ok(ChannelHealth::default());
        };
        let since = record.failing_since;
        let now = store::now(self.0);
        Ok(ChannelHealth {
            failing: now.as_ms().saturating_sub(since.as_ms()) >= FAILING_AFTER_MS,
            failing_since: Some(since),
            reason: Some(record.reason),
        })
    }

    /// Notes that an attempt failed.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn failed(
        &self,
        tenant: &TenantId,
        id: &ChannelId,
        reason: &str,
    ) -> Result<(), RecordError> {
        let key = keys::key(tenant, HEALTH, id.as_str());
        let before: Option<(HealthRecord, u64)> = store::read(self.0, &key).await?;
        let end = reason.floor_char_boundary(MAX_REASON_BYTES);
        let record = HealthRecord {
            version: 1,
            failing_since: before
                .as_ref()
                .map_or_else(|| store::now(self.0), |(before, _)| before.failing_since),
            reason: reason.get(..end).unwrap_or_default().to_owned(),
        };
        if before.is_some_and(|(before, _)| before == record) {
            return Ok(());
        }
        let item = Item::new(key, store::encode(&record)?);
        // Of two that fail at once either is right.
        store::put(self.0, item, Condition::None, WHAT)
            .await
            .map(drop)
    }

    /// Notes that an attempt arrived.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn arrived(&self, tenant: &TenantId, id: &ChannelId) -> Result<(), RecordError> {
        let key = keys::key(tenant, HEALTH, id.as_str());
        // Most of the time nothing is wrong, and looking costs less than deleting.
        if store::get(self.0, &key, WHAT).await?.is_some() {
            store::delete(self.0, &key, WHAT).await?;
        }
        Ok(())
    }
}

/// What a channel's secrets are sealed for.
fn thing(id: &ChannelId) -> String {
    format!("{NOUN}/{id}")
}
