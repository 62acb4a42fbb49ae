//! Refusals: gathered, so that whoever knocks all day does not fill the log.
//!
//! The first refusal of a kind is an entry at once. Those of the next ten minutes are counted, and the count becomes an
//! entry with the first refusal after that, or when somebody reads the log.

use platform::{Condition, Item, Key, SortRange};
use schemas::{
    TenantId, Timestamp,
    api::audit::{AuditActor, AuditOrigin, AuditOutcome, AuditTarget},
};
use serde::{Deserialize, Serialize};

use super::{AuditLog, NewEntry};
use crate::{
    RecordError, keys,
    store::{self, Put, stored},
};

const NOUN: &str = "audit-tallies";
const WHAT: &str = "a count of refusals";
/// How long refusals are gathered, in milliseconds (10 minutes).
const GATHERED_MS: i64 = 10 * 60 * 1000;
/// How often a count is tried while others count; one that is lost is one of many.
const ATTEMPTS: usize = 4;
/// How long a count is kept that nobody asks for, in milliseconds (30 days).
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Refusals of a kind that are not in the log yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tally {
    version: u32,
    /// When the first of them was told.
    since: Timestamp,
    /// How many were not told.
    count: u64,
    /// What is told of them: that of the last one.
    actor: AuditActor,
    operation: String,
    #[serde(default)]
    target: Option<AuditTarget>,
    #[serde(default)]
    origin: AuditOrigin,
    #[serde(default)]
    after: Option<serde_json::Value>,
}

stored! { Tally: "a count of refusals" 1; }

impl AuditLog {
    /// Tells of a refusal, now or together with others of its operation and target.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn refused(&self, tenant: &TenantId, entry: NewEntry) -> Result<(), RecordError> {
        let entry = NewEntry {
            outcome: AuditOutcome::Refused,
            ..entry
        };
        let target = entry.target.as_ref();
        let about = target.map_or_else(String::new, |to| format!("{}\n{}", to.kind, to.id));
        let about = keys::digest(format!("{}\n{about}", entry.operation).as_bytes());
        let key = keys::key(tenant, NOUN, keys::short(&about));
        let now = store::now(&self.platform);
        for _ in 0..ATTEMPTS {
            let read = store::read::<Tally>(&self.platform, &key).await?;
            let revision = read.as_ref().map(|(_, revision)| *revision);
            let told = read.filter(|(tally, _)| !is_over(tally, now));
            let (since, count) = told.map_or((now, 0), |(tally, _)| {
                (tally.since, tally.count.saturating_add(1))
            });
            let tally = Tally {
                version: 1,
                since,
                count,
                actor: entry.actor.clone(),
                operation: entry.operation.clone(),
                target: entry.target.clone(),
                origin: entry.origin.clone(),
                after: entry.after.clone(),
            };
            // Those that were gathered before are told first, while their count is still there.
            if count == 0
                && let Some(revision) = revision
                && !self.tell(tenant, &key, Some(revision), now).await?
            {
                continue;
            }
            let condition = if count == 0 {
                Condition::NotExists
            } else {
                store::unchanged(revision)
            };
            if let Put::Held =
                store::put(&self.platform, item(&key, &tally)?, condition, WHAT).await?
            {
                continue;
            }
            if count == 0 {
                self.append(tenant, entry).await?;
            }
            return Ok(());
        }
        Ok(())
    }

    /// Puts counts whose time is over into the log.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn tell_refusals(&self, tenant: &TenantId) -> Result<(), RecordError> {
        let now = store::now(&self.platform);
        let partition = keys::partition(tenant, NOUN);
        let all = store::all(&self.platform, &partition, &SortRange::All, WHAT).await?;
        for item in all {
            let tally: Tally = store::decode(&item.value)?;
            if is_over(&tally, now) {
                self.tell(tenant, &item.key, None, now).await?;
            }
        }
        Ok(())
    }

    /// Forgets a count and tells it; says whether the count was as it was read. It is forgotten first: two that meet here
    /// tell it once.
    async fn tell(
        &self,
        tenant: &TenantId,
        key: &Key,
        revision: Option<u64>,
        now: Timestamp,
    ) -> Result<bool, RecordError> {
        let Some((tally, found)) = store::read::<Tally>(&self.platform, key).await? else {
            return Ok(revision.is_none());
        };
        if revision.is_some_and(|revision| revision != found) || !is_over(&tally, now) {
            return Ok(false);
        }
        let delete = self
            .platform
            .table
            .delete(key, Condition::VersionIs(found))
            .await;
        match delete {
            Ok(()) => {}
            Err(platform::TableError::ConditionFailed { .. }) => return Ok(false),
            Err(error) => return Err(RecordError::Table(WHAT, error)),
        }
        if tally.count > 0 {
            let entry = NewEntry {
                actor: tally.actor,
                operation: tally.operation,
                outcome: AuditOutcome::Refused,
                count: tally.count,
                target: tally.target,
                origin: tally.origin,
                before: None,
                after: tally.after,
            };
            self.append(tenant, entry).await?;
        }
        Ok(true)
    }
}

fn is_over(tally: &Tally, now: Timestamp) -> bool {
    tally.since.plus_ms(GATHERED_MS) <= now
}

fn item(key: &Key, tally: &Tally) -> Result<Item, RecordError> {
    let gone_at_s = u64::try_from(tally.since.plus_ms(KEPT_MS).as_s()).unwrap_or(u64::MAX);
    Ok(Item::new(key.clone(), store::encode(tally)?).with_expiry(gone_at_s))
}
