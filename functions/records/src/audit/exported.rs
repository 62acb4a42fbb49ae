//! Verifying entries that were taken elsewhere: an export of the log, in the order of the log or, as lists have it, against it.

use schemas::{Digest, TenantId, api::audit::AuditBreak};
use serde_json::Value;

use super::{
    Verified,
    chain::{self, Link},
};

/// Walks entries of a tenant's log that come one after the other, from the first to the last or from the last to the first.
/// What is left out at either end is not missed: an export may begin where an earlier one ended.
#[derive(Debug)]
pub struct Exported {
    tenant: TenantId,
    /// The number of the entry met before, and whether numbers fall.
    before: Option<u64>,
    falls: Option<bool>,
    /// Of rising numbers: the entry before, if it holds.
    below: Option<Link>,
    /// Of falling numbers: the number of the entry before, and what it says is the hash of the one below.
    above: Option<(u64, Digest)>,
    verified: Verified,
}

impl Exported {
    /// Nothing of a tenant's log was met yet.
    #[must_use]
    pub fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            before: None,
            falls: None,
            below: None,
            above: None,
            verified: Verified::default(),
        }
    }

    /// Meets the next entry.
    pub fn meet(&mut self, entry: &Value) {
        let seq = entry.get("seq").and_then(Value::as_u64).unwrap_or(0);
        if let (None, Some(before)) = (self.falls, self.before) {
            self.falls = Some(seq < before);
        }
        self.before = Some(seq);
        if self.falls == Some(true) {
            self.meet_below(seq, entry);
        } else {
            self.meet_above(seq, entry);
        }
    }

    /// What was found.
    #[must_use]
    pub fn end(self) -> Verified {
        self.verified
    }

    /// The next of rising numbers; the first of any.
    fn meet_above(&mut self, seq: u64, entry: &Value) {
        if self.verified.broken.is_some() && self.falls.is_some() {
            return;
        }
        match chain::follow(self.below.as_ref(), &self.tenant, seq, entry) {
            Ok(link) => {
                self.holds(&link);
                self.above = previous(entry).map(|previous| (seq, previous));
                self.below = Some(link);
            }
            Err(broken) => self.breaks(broken),
        }
    }

    /// The next of falling numbers. The break with the lowest number is the one that is told, and only what is below it counts.
    fn meet_below(&mut self, seq: u64, entry: &Value) {
        let above = self.above.take();
        match chain::follow(None, &self.tenant, seq, entry) {
            Ok(link) => {
                if let Some(broken) = above.and_then(|above| gap(&above, &link)) {
                    self.breaks(broken);
                }
                self.holds(&link);
                self.above = previous(entry).map(|previous| (seq, previous));
            }
            Err(broken) => self.breaks(broken),
        }
    }

    fn holds(&mut self, link: &Link) {
        let verified = &mut self.verified;
        verified.entries += 1;
        let first = verified.first_seq.unwrap_or(link.seq);
        verified.first_seq = Some(first.min(link.seq));
        let is_last = verified
            .last
            .as_ref()
            .is_none_or(|(last, _)| *last < link.seq);
        if is_last {
            verified.last = Some((link.seq, link.hash.clone()));
        }
    }

    fn breaks(&mut self, broken: AuditBreak) {
        if self.falls == Some(true) {
            self.verified = Verified::default();
        }
        self.verified.broken = Some(broken);
    }
}

/// What is wrong between an entry and the one above it.
fn gap(above: &(u64, Digest), link: &Link) -> Option<AuditBreak> {
    let (seq, previous) = above;
    if *seq != link.seq.saturating_add(1) {
        return Some(AuditBreak {
            seq: link.seq.saturating_add(1),
            reason: "it is missing".to_owned(),
        });
    }
    (*previous != link.hash).then(|| AuditBreak {
        seq: *seq,
        reason: "it does not follow the entry before: that one, or this one, was replaced"
            .to_owned(),
    })
}

/// What an entry says is the hash of the one before.
fn previous(entry: &Value) -> Option<Digest> {
    entry.get("previous")?.as_str()?.parse().ok()
}
