//! The audit log: what was done in a tenant, in one chain that nothing changes or shortens.
//!
//! An entry's sort key is its number, so "if absent" is all that a writer needs: two that append at the same moment want the
//! same number, one gets it, and the other follows it. A process appends one entry of a tenant at a time and remembers where
//! the chain ends, so that an entry is one write; several processes meet at most for a moment, and wait a little longer each
//! time. An entry is written when what it tells has been done: whoever cannot write it tells the caller that it failed, and
//! what is repeated then leaves its entry. Entries go away by themselves after 400 days and in no other way.

mod chain;
mod exported;
mod tallies;

pub use exported::Exported;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use platform::{
    Condition, Item, Page, Platform, QueryPage, SealError, SortRange, patience::patiently,
};
use schemas::{
    Digest, TenantId, Timestamp,
    api::audit::{AuditActor, AuditBreak, AuditEntry, AuditOrigin, AuditOutcome, AuditTarget},
};
use serde_json::Value;

use crate::{
    RecordError, keys,
    store::{self, Put},
};
use chain::Link;

const NOUN: &str = "audit";
const WHAT: &str = "an entry of the audit log";
/// How long entries are kept, in milliseconds: 400 days, a year and what is needed to look back at its end.
pub const KEPT_MS: i64 = 400 * 24 * 60 * 60 * 1000;
/// Version of an entry's form.
const VERSION: u32 = 1;
/// Digits of a number in its key.
const DIGITS: usize = 16;
/// How often an entry is tried while other processes append theirs.
const ATTEMPTS: u32 = 24;
/// The longest pause between two of these, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 200;
/// Tenants whose chain's end is remembered.
const MAX_TENANTS: usize = 10_000;
/// Entries that are read at once.
const AT_ONCE: u32 = 500;
/// Entries that one page looks at, whether they are wanted or not.
const MAX_LOOKED_AT: usize = 5_000;
/// Most characters of texts of an entry.
const MAX_TEXT_CHARS: usize = 512;
const MAX_USER_AGENT_CHARS: usize = 256;

/// What is to be told of something that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// Who did it.
    pub actor: AuditActor,
    /// What was done.
    pub operation: String,
    /// Whether it was done or refused.
    pub outcome: AuditOutcome,
    /// How many times, at least once.
    pub count: u64,
    /// To what.
    pub target: Option<AuditTarget>,
    /// From where.
    pub origin: AuditOrigin,
    /// How it was before, as the API answers it.
    pub before: Option<Value>,
    /// How it was afterwards.
    pub after: Option<Value>,
}

/// Which entries are wanted; all that is named has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who did it.
    pub actor: Option<String>,
    /// What was done.
    pub operation: Option<String>,
    /// To what kind of thing.
    pub target_kind: Option<String>,
    /// To which thing.
    pub target: Option<String>,
    /// What became of it.
    pub outcome: Option<AuditOutcome>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

impl Wanted {
    fn has(&self, entry: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, found: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted) == found)
        };
        let target = entry.target.as_ref();
        is(&self.actor, Some(&entry.actor.id))
            && is(&self.operation, Some(&entry.operation))
            && is(&self.target_kind, target.map(|target| &target.kind))
            && is(&self.target, target.map(|target| &target.id))
            && self.outcome.is_none_or(|wanted| wanted == entry.outcome)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

/// What was found of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries that hold.
    pub entries: u64,
    /// The number of the first one.
    pub first_seq: Option<u64>,
    /// The number and the hash of the last one that holds.
    pub last: Option<(u64, Digest)>,
    /// The first break.
    pub broken: Option<AuditBreak>,
    /// Whether there is more to be looked at after the last one.
    pub more: bool,
}

/// Where a tenant's chain ends, as far as this process knows.
#[derive(Clone, Debug)]
struct End {
    link: Link,
    at: Timestamp,
}

/// The repository of audit logs. One for a process: it remembers where chains end.
#[derive(Debug)]
pub struct AuditLog {
    platform: Platform,
    ends: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<Option<End>>>>>,
}

impl AuditLog {
    /// The logs of a platform.
    pub fn new(platform: Platform) -> Self {
        Self {
            platform,
            ends: Mutex::default(),
        }
    }

    /// Appends an entry to a tenant's log.
    ///
    /// # Errors
    /// When the table fails, or other processes append without a pause.
    pub async fn append(
        &self,
        tenant: &TenantId,
        entry: NewEntry,
    ) -> Result<AuditEntry, RecordError> {
        let id = self.random_hex()?;
        let held = self.end(tenant);
        let mut held = held.lock().await;
        for attempt in 0..ATTEMPTS {
            let end = match held.take() {
                Some(end) => Some(end),
                None => self.last(tenant).await?,
            };
            let (item, made) = self.item(tenant, &id, entry.clone(), end.as_ref())?;
            match store::put(&self.platform, item, Condition::NotExists, WHAT).await? {
                Put::Written => {
                    *held = Some(End {
                        link: Link {
                            seq: made.seq,
                            hash: made.hash.clone(),
                        },
                        at: made.at,
                    });
                    return Ok(made);
                }
                // Another process had this number; its entry is the one to follow.
                Put::Held => self.pause(attempt).await?,
            }
        }
        Err(RecordError::Busy("the audit log"))
    }

    /// One page of a tenant's entries, the latest first; `below` is the number that a page before ended with. May be empty
    /// with a number to go on from.
    ///
    /// # Errors
    /// When the table fails or an entry is damaged.
    pub async fn list(
        &self,
        tenant: &TenantId,
        wanted: &Wanted,
        limit: u32,
        below: Option<u64>,
    ) -> Result<(Vec<AuditEntry>, Option<u64>), RecordError> {
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        let mut looked_at = 0;
        let range = match below {
            Some(0 | 1) => return Ok((entries, None)),
            Some(seq) => SortRange::AtMost(sort(seq - 1)),
            None => SortRange::All,
        };
        let mut page = Page::last(AT_ONCE.min(u32::try_from(limit).unwrap_or(AT_ONCE).max(50)));
        loop {
            let found = self.page(tenant, &range, &page).await?;
            for item in &found.items {
                let entry: AuditEntry = decode(&item.value)?;
                looked_at += 1;
                // Entries are in the order of their moments.
                if wanted.since.is_some_and(|since| entry.at < since) {
                    return Ok((entries, None));
                }
                let seq = entry.seq;
                if wanted.has(&entry) {
                    entries.push(entry);
                }
                if entries.len() == limit || looked_at == MAX_LOOKED_AT {
                    return Ok((entries, Some(seq).filter(|seq| *seq > 1)));
                }
            }
            if found.next.is_none() {
                return Ok((entries, None));
            }
            page = page.after(found.next);
        }
    }

    /// Walks a tenant's chain in its order, from its beginning or from after an entry that was found to hold, and stops at the
    /// first break or after so many entries.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn verify(
        &self,
        tenant: &TenantId,
        after: Option<(u64, Digest)>,
        most: u64,
    ) -> Result<Verified, RecordError> {
        let range = after.as_ref().map_or(SortRange::All, |(seq, _)| {
            SortRange::AtLeast(sort(seq.saturating_add(1)))
        });
        let mut before = after.map(|(seq, hash)| Link { seq, hash });
        let mut verified = Verified {
            last: before.clone().map(|link| (link.seq, link.hash)),
            ..Verified::default()
        };
        let mut page = Page::first(AT_ONCE);
        loop {
            let found = self.page(tenant, &range, &page).await?;
            for item in found.items {
                if verified.entries >= most {
                    verified.more = true;
                    return Ok(verified);
                }
                let stored_under = item.key.sort.parse().unwrap_or(0);
                // What cannot be read is no entry.
                let entry = store::decode_json(&item.value, WHAT).unwrap_or(Value::Null);
                match chain::follow(before.as_ref(), tenant, stored_under, &entry) {
                    Ok(link) => {
                        verified.entries += 1;
                        verified.first_seq.get_or_insert(link.seq);
                        verified.last = Some((link.seq, link.hash.clone()));
                        before = Some(link);
                    }
                    Err(broken) => {
                        verified.broken = Some(broken);
                        return Ok(verified);
                    }
                }
            }
            if found.next.is_none() {
                return Ok(verified);
            }
            page = page.after(found.next);
        }
    }

    async fn page(
        &self,
        tenant: &TenantId,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        patiently(async || self.platform.table.query(&partition, range, page).await)
            .await
            .map_err(|error| RecordError::Table(WHAT, error))
    }

    /// Where a tenant's chain ends in the table. A page may be empty although there is more.
    async fn last(&self, tenant: &TenantId) -> Result<Option<End>, RecordError> {
        let mut page = Page::last(10);
        loop {
            let found = self.page(tenant, &SortRange::All, &page).await?;
            if let Some(item) = found.items.first() {
                let entry: AuditEntry = decode(&item.value)?;
                return Ok(Some(End {
                    link: Link {
                        seq: entry.seq,
                        hash: entry.hash,
                    },
                    at: entry.at,
                }));
            }
            if found.next.is_none() {
                return Ok(None);
            }
            page = page.after(found.next);
        }
    }

    /// What this process knows of where a tenant's chain ends; whoever holds it appends.
    fn end(&self, tenant: &TenantId) -> Arc<tokio::sync::Mutex<Option<End>>> {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= MAX_TENANTS && !ends.contains_key(tenant) {
            ends.clear();
        }
        Arc::clone(ends.entry(tenant.clone()).or_default())
    }

    /// An entry after the end, and its item.
    fn item(
        &self,
        tenant: &TenantId,
        id: &str,
        new: NewEntry,
        end: Option<&End>,
    ) -> Result<(Item, AuditEntry), RecordError> {
        let now = store::now(&self.platform);
        let seq = end.map_or(1, |end| end.link.seq.saturating_add(1));
        let previous = end.map_or_else(|| chain::beginning(tenant), |end| end.link.hash.clone());
        let mut entry = AuditEntry {
            version: VERSION,
            seq,
            id: id.to_owned(),
            // Clocks of two processes differ; the order of a log is that of its numbers.
            at: end.map_or(now, |end| end.at.max(now)),
            actor: AuditActor {
                id: short(&new.actor.id, MAX_TEXT_CHARS),
                ..new.actor
            },
            operation: new.operation,
            outcome: new.outcome,
            count: new.count.max(1),
            target: new.target.map(|target| AuditTarget {
                id: short(&target.id, MAX_TEXT_CHARS),
                ..target
            }),
            origin: AuditOrigin {
                user_agent: new
                    .origin
                    .user_agent
                    .map(|agent| short(&agent, MAX_USER_AGENT_CHARS)),
                ..new.origin
            },
            before: new.before.map(chain::tidied),
            after: new.after.map(chain::tidied),
            hash: previous.clone(),
            previous,
        };
        let damaged = |error| RecordError::Damaged(WHAT, error);
        let fields = serde_json::to_value(&entry).map_err(damaged)?;
        let fields = fields.as_object().cloned().unwrap_or_default();
        entry.hash = chain::hash(&fields);
        let kept = serde_json::to_value(&entry).map_err(damaged)?;
        let gone_at_s = u64::try_from(entry.at.plus_ms(KEPT_MS).as_s()).unwrap_or(u64::MAX);
        let item = Item::new(keys::key(tenant, NOUN, &sort(seq)), chain::canonical(&kept))
            .with_expiry(gone_at_s);
        Ok((item, entry))
    }

    /// Waits before the next attempt: longer each time, and not as long as others.
    async fn pause(&self, attempt: u32) -> Result<(), RecordError> {
        let most = (4_u64 << attempt.min(6)).min(LONGEST_PAUSE_MS);
        let mut random = [0; 1];
        self.random(&mut random)?;
        let pause_ms = most * u64::from(random[0]) / 255;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(())
    }

    fn random_hex(&self) -> Result<String, RecordError> {
        let mut bytes = [0; 8];
        self.random(&mut bytes)?;
        Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), RecordError> {
        let filled = self.platform.keys.random(bytes);
        filled.map_err(|error| RecordError::Secret(SealError::Key(error)))
    }
}

/// The sort key of a number.
fn sort(seq: u64) -> String {
    format!("{seq:0DIGITS$}")
}

fn decode(bytes: &[u8]) -> Result<AuditEntry, RecordError> {
    store::decode_json(bytes, WHAT)
}

/// Text from outside, bounded.
fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
