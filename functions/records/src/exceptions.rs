//! Exceptions: one record each, and one for all that are in force, since every scoring of a place asks for these.
//!
//! What is in force is written with the exception in one transaction. What that changes in the estate is done by `score`,
//! which is told by a message; what is still to be done stands in the same record, so that a lost message is made up.

use platform::{Cursor, Item, Key, Platform, SortRange, Write};
use schemas::{
    ExceptionId, Place, TenantId, Timestamp, UserId, VulnerabilityId,
    api::exception::{ExceptionDecision, ExceptionText},
    exception::{ExceptionInForce, ExceptionState},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Listed, Put, stored},
};

const NOUN: &str = "exceptions";
const IN_FORCE: &str = "exceptions-in-force";
const WHAT: &str = "an exception";
/// Most exceptions of a tenant that are in force at once.
pub const MOST_IN_FORCE: usize = 5_000;
/// Most bytes of their record as it is stored: an item of any table has room for them.
const MOST_BYTES: usize = 256 * 1024;
/// Exceptions that end in one transaction.
const ENDED_AT_ONCE: usize = 20;

/// An exception as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its id.
    pub id: ExceptionId,
    /// What it is about, and why.
    pub text: ExceptionText,
    /// How far it has come.
    pub state: ExceptionState,
    /// Who asked for it.
    pub requested_by: String,
    /// The person, where one asked, or the owner of the key that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<UserId>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Who approved or rejected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<ExceptionDecision>,
    /// Who revoked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<ExceptionDecision>,
}

impl ExceptionRecord {
    /// How far it has come at a moment: also one that nobody noted the end of is over.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> ExceptionState {
        let is_over = self.text.expires_at.is_some_and(|end| end <= now);
        match self.state {
            ExceptionState::Approved if is_over => ExceptionState::Expired,
            state => state,
        }
    }

    fn in_force(&self) -> ExceptionInForce {
        ExceptionInForce {
            id: self.id.clone(),
            vulnerability: self.text.vulnerability.clone(),
            package: self.text.package.clone(),
            scope: self.text.scope.clone(),
            expires_at: self.text.expires_at,
        }
    }
}

/// All exceptions of a tenant that are in force, and what of their changes is not done yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForceRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Rises whenever exceptions come into force or out of it, or hold somewhere else.
    pub revision: u64,
    /// The exceptions. What is past its end counts no more, also while it stands here.
    #[serde(default)]
    pub exceptions: Vec<ExceptionInForce>,
    /// Vulnerabilities whose places are to be scored again.
    #[serde(default)]
    pub pending: Vec<PendingException>,
}

/// A vulnerability whose places are to be scored again, since exceptions of it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingException {
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// The place up to which that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
}

stored! {
    ExceptionRecord: "an exception" 1;
    InForceRecord: "the exceptions in force" 1;
}

impl InForceRecord {
    /// Whether something is to be done: a change, or an end that came.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.pending.is_empty() || self.ended(now).next().is_some()
    }

    /// The exceptions whose end came.
    fn ended(&self, now: Timestamp) -> impl Iterator<Item = &ExceptionInForce> {
        let is_over = move |end: Timestamp| end <= now;
        let all = self.exceptions.iter();
        all.filter(move |one| one.expires_at.is_some_and(is_over))
    }

    /// Has the places of a vulnerability scored again, from the first one.
    fn touch(&mut self, vulnerability: &VulnerabilityId) {
        self.pending
            .retain(|pending| pending.vulnerability != *vulnerability);
        self.pending.push(PendingException {
            vulnerability: vulnerability.clone(),
            after: None,
        });
    }

    /// Takes an exception in or out.
    fn take(&mut self, record: &ExceptionRecord) {
        self.exceptions.retain(|one| one.id != record.id);
        if record.state == ExceptionState::Approved {
            self.exceptions.push(record.in_force());
        }
        self.touch(&record.text.vulnerability);
    }
}

/// What became of a change of what is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionChange {
    /// It is written, and `score` is to be told.
    Done,
    /// The exception is in another state than it was read in.
    Changed,
    /// More cannot be in force at once.
    TooMany,
}

/// What is in force, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundInForce {
    /// The record; one without exceptions where there is none.
    pub record: InForceRecord,
    version: Option<u64>,
}

/// The repository of exceptions.
#[derive(Clone, Copy, Debug)]
pub struct Exceptions<'a>(pub &'a Platform);

fn key_of(tenant: &TenantId, id: &ExceptionId) -> Key {
    keys::key(tenant, NOUN, id.as_str())
}

fn in_force_key(tenant: &TenantId) -> Key {
    keys::key(tenant, IN_FORCE, "all")
}

impl Exceptions<'_> {
    /// An exception, with the revision that names this state.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &ExceptionId,
    ) -> Result<Option<(ExceptionRecord, u64)>, RecordError> {
        store::read(self.0, &key_of(tenant, id)).await
    }

    /// One page of a tenant's exceptions, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<ExceptionRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }

    /// Those of these exceptions that there are, in no promised order.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many(
        &self,
        tenant: &TenantId,
        ids: impl IntoIterator<Item = &ExceptionId>,
    ) -> Result<Vec<ExceptionRecord>, RecordError> {
        let keys: Vec<_> = ids.into_iter().map(|id| key_of(tenant, id)).collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        store::decode_all(&items)
    }

    /// Keeps an exception that hides nothing, in place of the state of this revision, or where none is of its id; says
    /// whether that was so.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        record: &ExceptionRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        store::replace(self.0, key_of(tenant, &record.id), record, replaces).await
    }

    /// The exceptions in force, as they are now.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn in_force(&self, tenant: &TenantId) -> Result<FoundInForce, RecordError> {
        let found: Option<(InForceRecord, u64)> =
            store::read(self.0, &in_force_key(tenant)).await?;
        Ok(
            found.map_or_else(FoundInForce::default, |(record, version)| FoundInForce {
                record,
                version: Some(version),
            }),
        )
    }

    /// Keeps an exception that comes into force or was in force, in place of the state of this revision.
    ///
    /// # Errors
    /// As [`Self::get`], and [`RecordError::Busy`].
    pub async fn change(
        &self,
        tenant: &TenantId,
        record: &ExceptionRecord,
        replaces: u64,
    ) -> Result<ExceptionChange, RecordError> {
        let key = key_of(tenant, &record.id);
        let written = Write::Put {
            item: Item::new(key.clone(), store::encode(record)?),
            condition: store::unchanged(Some(replaces)),
        };
        for _ in 0..store::ATTEMPTS {
            let found = self.in_force(tenant).await?;
            let mut after = found.record;
            after.take(record);
            let (all, bytes) = in_force_write(tenant, &mut after, found.version)?;
            // What takes one out is never refused.
            let is_full = after.exceptions.len() > MOST_IN_FORCE || bytes > MOST_BYTES;
            if is_full && record.state == ExceptionState::Approved {
                return Ok(ExceptionChange::TooMany);
            }
            let writes = vec![written.clone(), all];
            if let Put::Written = store::transact(self.0, writes, WHAT).await? {
                return Ok(ExceptionChange::Done);
            }
            // Either the exception changed or what is in force, of which only the latter is tried again.
            match self.get(tenant, &record.id).await? {
                Some((_, version)) if version == replaces => {}
                _ => return Ok(ExceptionChange::Changed),
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// Notes the end of exceptions that are over, and has the places of their vulnerabilities scored again.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn end(&self, tenant: &TenantId, now: Timestamp) -> Result<(), RecordError> {
        for _ in 0..store::ATTEMPTS {
            let found = self.in_force(tenant).await?;
            let over: Vec<_> = found.record.ended(now).cloned().collect();
            if over.is_empty() {
                return Ok(());
            }
            let some = over.get(..ENDED_AT_ONCE).unwrap_or(&over);
            self.end_some(tenant, &found, some).await?;
        }
        Ok(())
    }

    /// Nothing is done where another was faster: the next look finds what is left.
    async fn end_some(
        &self,
        tenant: &TenantId,
        found: &FoundInForce,
        over: &[ExceptionInForce],
    ) -> Result<(), RecordError> {
        let mut after = found.record.clone();
        let mut ended = Vec::new();
        for one in over {
            after.exceptions.retain(|other| other.id != one.id);
            after.touch(&one.vulnerability);
            if let Some((mut record, version)) = self.get(tenant, &one.id).await?
                && record.state == ExceptionState::Approved
            {
                record.state = ExceptionState::Expired;
                ended.push(Write::Put {
                    item: Item::new(key_of(tenant, &one.id), store::encode(&record)?),
                    condition: store::unchanged(Some(version)),
                });
            }
        }
        let (all, _) = in_force_write(tenant, &mut after, found.version)?;
        let writes = std::iter::once(all).chain(ended).collect();
        store::transact(self.0, writes, WHAT).await.map(drop)
    }

    /// Has the places scored again of the vulnerabilities that these exceptions are about, since they hold somewhere else by
    /// now. Returns whether there are any, of which `score` is to be told.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn touch(
        &self,
        tenant: &TenantId,
        is_meant: impl Fn(&ExceptionInForce) -> bool,
    ) -> Result<bool, RecordError> {
        for _ in 0..store::ATTEMPTS {
            let found = self.in_force(tenant).await?;
            let meant = found.record.exceptions.iter().filter(|one| is_meant(one));
            let meant: Vec<_> = meant.map(|one| &one.vulnerability).collect();
            if meant.is_empty() {
                return Ok(false);
            }
            let mut after = found.record.clone();
            for vulnerability in meant {
                after.touch(vulnerability);
            }
            after.revision = after.revision.saturating_add(1);
            if self.settle(tenant, &found, &after).await? {
                return Ok(true);
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// Keeps what is left to be done, in place of what was read; says whether nobody else was faster.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn settle(
        &self,
        tenant: &TenantId,
        found: &FoundInForce,
        after: &InForceRecord,
    ) -> Result<bool, RecordError> {
        store::replace(self.0, in_force_key(tenant), after, found.version).await
    }
}

/// The write of what is in force, as a further revision, and its bytes.
fn in_force_write(
    tenant: &TenantId,
    after: &mut InForceRecord,
    version: Option<u64>,
) -> Result<(Write, usize), RecordError> {
    after.version = 1;
    after.revision = after.revision.saturating_add(1);
    let bytes = store::encode(after)?;
    let size = bytes.len();
    let write = Write::Put {
        item: Item::new(in_force_key(tenant), bytes),
        condition: store::unchanged(version),
    };
    Ok((write, size))
}
