//! Since when each finding is where it is, and what a place had until lately: what lists of what is new and what was fixed
//! are made of.
//!
//! It is worked out where a place's new state is laid over its former one. A state that replaces another before that was laid
//! says itself what it replaced, see [`crate::replaced`]. Time goes by whole hours.

use std::{collections::HashMap, sync::Arc};

use schemas::{Severity, inventory::CoverageStatus};

use crate::{
    codec::{EstateError, Reader, Writer},
    delta::PlaceDelta,
    index::{EstateIndex, PlaceRow, Row},
};

/// So long it is remembered what a place had, in hours: 35 days.
pub const LEFT_HOURS: u32 = 35 * 24;
/// Set beside a severity where what left was an exception's.
pub(crate) const EXCEPTED: u8 = 0x80;

/// A finding that a place had.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Left {
    pub(crate) vulnerability: u32,
    pub(crate) severity: Severity,
    /// Whether an exception hid it.
    pub(crate) excepted: bool,
    /// Since when it was there, see [`Row::since_h`].
    pub(crate) since_h: u32,
    /// When it was seen to be gone, in hours since 1970; 0 where less of the place could be read, so that it may still be
    /// there.
    pub(crate) at_h: u32,
}

/// Carries on what is known of a place's findings into its new ones, and says what it no longer has. `replaced` is what the
/// states had that this one replaced, by the numbers of vulnerabilities.
pub(crate) fn carry(
    known: Option<&PlaceRow>,
    delta: &PlaceDelta,
    replaced: Vec<Left>,
    findings: &mut [Row],
) -> Vec<Left> {
    // What is gone with its place is not fixed.
    if delta.removed {
        return Vec::new();
    }
    // The first state after the known one decides what of that stays.
    let first_h = delta.first_h();
    // And of what could not be seen then, the first that saw the place whole.
    let whole_h = delta.seen_h(CoverageStatus::Complete);
    let mut before: HashMap<u32, Left> = HashMap::new();
    let mut had: HashMap<u32, u32> = HashMap::new();
    // Of these it is not known that they were ever gone until then.
    let mut unseen: HashMap<u32, u32> = HashMap::new();
    if let Some(known) = known {
        for left in &known.left {
            let is_late = left.at_h > 0 && left.at_h.saturating_add(LEFT_HOURS) < delta.at_h;
            if !is_late {
                before.insert(left.vulnerability, *left);
            }
            if left.at_h == 0 {
                had.insert(left.vulnerability, left.since_h);
                unseen.insert(left.vulnerability, left.since_h);
            }
        }
        let sees_less = delta.seen_h(known.coverage) != first_h;
        for row in &known.findings {
            let left = Left {
                vulnerability: row.vulnerability,
                severity: row.severity,
                excepted: row.excepted,
                since_h: row.since_h,
                at_h: if sees_less { 0 } else { first_h },
            };
            before.insert(row.vulnerability, left);
            had.insert(row.vulnerability, row.since_h);
            if sees_less {
                unseen.insert(row.vulnerability, row.since_h);
            }
        }
    }
    for left in before.values_mut().filter(|left| left.at_h == 0) {
        left.at_h = whole_h;
    }
    for mut left in replaced {
        if left.since_h == first_h
            && let Some(since_h) = had.get(&left.vulnerability)
        {
            left.since_h = *since_h;
        }
        before.insert(left.vulnerability, left);
    }
    for row in findings.iter_mut() {
        before.remove(&row.vulnerability);
        let since_h = had.get(&row.vulnerability);
        row.since_h = since_h.copied().unwrap_or(first_h);
    }
    // What went and came back while states replaced each other, or came only then.
    for (at, since_h) in &delta.replaced.since {
        if let Some(row) = findings.get_mut(*at as usize) {
            let is_unseen = whole_h == 0 || *since_h <= whole_h;
            let stayed = unseen.get(&row.vulnerability).filter(|_| is_unseen);
            row.since_h = *stayed.unwrap_or(since_h);
        }
    }
    let mut left: Vec<Left> = before.into_values().collect();
    left.sort_unstable_by_key(|left| left.vulnerability);
    left.shrink_to_fit();
    left
}

/// Whether less of a place could be read than before.
pub(crate) fn sees_less(before: CoverageStatus, now: CoverageStatus) -> bool {
    let rank = |coverage| match coverage {
        CoverageStatus::Complete => 2,
        CoverageStatus::Partial => 1,
        CoverageStatus::Unsupported => 0,
    };
    rank(now) < rank(before)
}

impl EstateIndex {
    /// What stands in a section of its own: of each place, since when its findings are there, as runs of the same hour; which of
    /// them are excepted; and what it no longer has. Numbers of vulnerabilities go by `used`.
    pub(crate) fn encode_history(&self, out: &mut Writer, used: &[Option<usize>]) {
        for row in self.places.values() {
            let runs = || row.findings.chunk_by(|a, b| a.since_h == b.since_h);
            out.count(runs().count());
            for run in runs() {
                out.count(run.len());
                out.number(run.first().map_or(0, |row| u64::from(row.since_h)));
            }
            let excepted = || {
                let findings = row.findings.iter().enumerate();
                findings.filter(|(_, finding)| finding.excepted)
            };
            out.count(excepted().count());
            for (at, _) in excepted() {
                out.count(at);
            }
            out.count(row.left.len());
            for left in &row.left {
                let number = used.get(left.vulnerability as usize).copied().flatten();
                out.count(number.unwrap_or_default());
                out.byte(left.severity as u8 | if left.excepted { EXCEPTED } else { 0 });
                out.number(u64::from(left.since_h));
                out.number(u64::from(left.at_h));
            }
        }
    }

    /// What [`Self::encode_history`] wrote.
    pub(crate) fn decode_history(&mut self, input: &mut Reader<'_>) -> Result<(), EstateError> {
        let vulnerabilities = self.vulnerabilities.len();
        for row in self.places.values_mut() {
            let row = Arc::make_mut(row);
            let mut findings = row.findings.iter_mut();
            for _ in 0..input.count()? {
                let (length, since_h) = (input.number_32()?, input.number_32()?);
                for _ in 0..length {
                    let finding = findings.next();
                    finding
                        .ok_or(EstateError::Damaged("no such finding"))?
                        .since_h = since_h;
                }
            }
            for _ in 0..input.count()? {
                let finding = row.findings.get_mut(input.number_32()? as usize);
                finding
                    .ok_or(EstateError::Damaged("no such finding"))?
                    .excepted = true;
            }
            let mut left = Vec::new();
            for _ in 0..input.count()? {
                let vulnerability = input.number_32()?;
                if vulnerability as usize >= vulnerabilities {
                    return Err(EstateError::Damaged("what left is no vulnerability"));
                }
                let word = input.byte()?;
                left.push(Left {
                    vulnerability,
                    severity: Reader::severity(word & !EXCEPTED),
                    excepted: word & EXCEPTED != 0,
                    since_h: input.number_32()?,
                    at_h: input.number_32()?,
                });
            }
            row.left = left;
        }
        Ok(())
    }
}
