//! How an estate stood at the end of each day: what trends are drawn from.

use platform::{Condition, Item, Platform, SortRange};
use schemas::{TenantId, Timestamp, posture::Posture};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, stored},
};

const NOUN: &str = "posture-days";
const WHAT: &str = "how the estate stood";
/// So long a day is kept, in seconds: 400 days.
const KEPT_S: i64 = 400 * 24 * 60 * 60;

/// How an estate stood when it was looked at last on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostureDay {
    /// Version of this record's form, 1.
    pub version: u32,
    /// When it was looked at.
    pub at: Timestamp,
    /// How it stood.
    pub posture: Posture,
}

stored! { PostureDay: "how an estate stood on a day" 1; }

/// The repository of how an estate stood.
#[derive(Clone, Copy, Debug)]
pub struct PostureDays<'a>(pub &'a Platform);

impl PostureDays<'_> {
    /// Keeps how the estate stands as that of its day, unless it was looked at later.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        posture: Posture,
    ) -> Result<(), RecordError> {
        let sequence = u64::try_from(at.as_ms()).unwrap_or(0);
        let record = PostureDay {
            version: 1,
            at,
            posture,
        };
        let forget_s = u64::try_from(at.as_s().saturating_add(KEPT_S)).unwrap_or(0);
        let item = Item::new(keys::key(tenant, NOUN, &at.day()), store::encode(&record)?)
            .with_sequence(sequence)
            .with_expiry(forget_s);
        store::put(self.0, item, Condition::SequenceBelow(sequence), WHAT).await?;
        Ok(())
    }

    /// How the estate stood on the day of this moment, where it was looked at.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn on(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Option<PostureDay>, RecordError> {
        let key = keys::key(tenant, NOUN, &at.day());
        let found = store::read::<PostureDay>(self.0, &key).await?;
        Ok(found.map(|(record, _)| record))
    }

    /// How the estate stood on the days from the one of this moment to that of another, in order; a day on which nothing changed
    /// may be missing.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn between(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<PostureDay>, RecordError> {
        let range = SortRange::Between(from.day(), to.day());
        let items = store::all(self.0, &keys::partition(tenant, NOUN), &range, WHAT).await?;
        store::decode_all(&items)
    }
}
