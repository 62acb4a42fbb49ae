//! Troubles that are told when they begin and when they end: a record for each while it lasts, written with the draft of the
//! notification that tells of it, so that each is told once.

use platform::{Condition, Item, Platform, SortRange, Write};
use schemas::{
    TenantId,
    notification::{NotificationEvent, NotifiedSubject},
};
use serde::{Deserialize, Serialize};

use crate::{
    Found, RecordError, keys,
    place_changes::{self, DraftRecord},
    store::{self, Put, stored},
};

const NOUN: &str = "notification-troubles";
const WHAT: &str = "a trouble";
/// Most troubles that begin or end with one draft: all of it is one transaction.
pub const MAX_AT_ONCE: usize = 90;

/// A trouble that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// What was told when it began.
    pub event: NotificationEvent,
    /// What it is about.
    pub subject: NotifiedSubject,
}

stored! { TroubleRecord: "a trouble" 1; }

/// A change of what lasts.
#[derive(Clone, Debug, PartialEq)]
pub enum Edge {
    /// A trouble began.
    Begins(TroubleRecord),
    /// One that was read ended.
    Ends(Found<TroubleRecord>),
}

/// The repository of troubles.
#[derive(Clone, Copy, Debug)]
pub struct Troubles<'a>(pub &'a Platform);

impl Troubles<'_> {
    /// All troubles of a tenant that last.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn all(&self, tenant: &TenantId) -> Result<Vec<Found<TroubleRecord>>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        let items = store::all(self.0, &partition, &SortRange::All, WHAT).await?;
        let troubles = items.iter().map(|item| {
            Ok(Found {
                record: store::decode(&item.value)?,
                version: item.version,
            })
        });
        troubles.collect()
    }

    /// Notes what begins and ends together with the draft that tells of it, which replaces the one that was read; `false`
    /// when somebody changed any of it in between, and then nothing was noted.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn turn(
        &self,
        tenant: &TenantId,
        edges: &[Edge],
        before: Option<&Found<DraftRecord>>,
        draft: &DraftRecord,
    ) -> Result<bool, RecordError> {
        let mut writes = vec![place_changes::write_draft(tenant, before, draft)?];
        for edge in edges {
            writes.push(match edge {
                Edge::Begins(trouble) => Write::Put {
                    item: Item::new(key(tenant, trouble)?, store::encode(trouble)?),
                    condition: Condition::NotExists,
                },
                Edge::Ends(found) => Write::Delete {
                    key: key(tenant, &found.record)?,
                    condition: Condition::VersionIs(found.version),
                },
            });
        }
        let put = store::transact(self.0, writes, WHAT).await?;
        Ok(matches!(put, Put::Written))
    }

    /// Forgets a trouble of something that is not there any more.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn forget(
        &self,
        tenant: &TenantId,
        trouble: &Found<TroubleRecord>,
    ) -> Result<(), RecordError> {
        let key = key(tenant, &trouble.record)?;
        store::delete_read(self.0, &key, trouble.version, WHAT)
            .await
            .map(drop)
    }
}

fn key(tenant: &TenantId, trouble: &TroubleRecord) -> Result<platform::Key, RecordError> {
    let id = keys::plain(&trouble.subject.id, WHAT)?;
    let sort = format!("{}/{id}", trouble.event.as_str());
    Ok(keys::key(tenant, NOUN, &sort))
}
