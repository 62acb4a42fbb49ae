//! What a state says of those that it replaced: since when its findings are there, and what went meanwhile. Of states that
//! replace each other before they are laid over the index nothing is lost so.

use std::collections::HashMap;

use schemas::{Severity, VulnerabilityId, inventory::CoverageStatus};

use crate::{
    codec::{EstateError, Reader, Writer},
    delta::PlaceDelta,
    history::{EXCEPTED, sees_less},
};

/// What is known of the states that a state replaced before they were laid over the index; of none it is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replaced {
    /// When the first of them was so, in hours since 1970; 0 when there was none.
    pub(crate) begun_h: u32,
    /// When the place was first read in part or whole, and when whole, by any of them or the state; 0 for never.
    seen_h: [u32; 2],
    /// Findings that came after the first: their positions in the state, and when.
    pub(crate) since: Vec<(u32, u32)>,
    /// What any of them had and the state has not.
    pub(crate) left: Vec<ReplacedFinding>,
}

/// A finding that a replaced state had.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReplacedFinding {
    pub(crate) vulnerability: VulnerabilityId,
    pub(crate) severity: Severity,
    pub(crate) excepted: bool,
    /// When it came, in hours since 1970; at the first it may have been there before.
    pub(crate) since_h: u32,
    /// When it was gone; 0 where it may only not have been seen.
    pub(crate) at_h: u32,
}

impl PlaceDelta {
    /// When the first of the states was so that this one stands for, itself among them.
    pub(crate) fn first_h(&self) -> u32 {
        match self.replaced.begun_h {
            0 => self.at_h,
            begun_h => begun_h,
        }
    }

    /// When any of these states first saw as much of the place as this; 0 for never.
    pub(crate) fn seen_h(&self, coverage: CoverageStatus) -> u32 {
        let [partial, complete] = match self.replaced.begun_h {
            0 => self.sees(),
            _ => self.replaced.seen_h,
        };
        match coverage {
            CoverageStatus::Unsupported => self.first_h(),
            CoverageStatus::Partial => partial,
            CoverageStatus::Complete => complete,
        }
    }

    /// What this state alone saw, as [`Replaced::seen_h`].
    fn sees(&self) -> [u32; 2] {
        match self.coverage {
            CoverageStatus::Unsupported => [0, 0],
            CoverageStatus::Partial => [self.at_h, 0],
            CoverageStatus::Complete => [self.at_h, self.at_h],
        }
    }

    /// Carries on what the state says that this one replaces before it was laid over the index.
    pub fn replace(&mut self, before: &Self) {
        // What comes back with its place is new.
        if self.removed || before.removed || before.at_h == 0 {
            return;
        }
        let begun_h = before.first_h();
        let seen_h =
            [CoverageStatus::Partial, CoverageStatus::Complete].map(|far| before.seen_h(far));
        let since: HashMap<u32, u32> = before.replaced.since.iter().copied().collect();
        let mut had = HashMap::new();
        for (at, finding) in (0..).zip(&before.findings) {
            let found = ReplacedFinding {
                vulnerability: finding.vulnerability.clone(),
                severity: finding.severity,
                excepted: finding.excepted,
                since_h: since.get(&at).copied().unwrap_or(begun_h),
                at_h: if sees_less(before.coverage, self.coverage) {
                    0
                } else {
                    self.at_h
                },
            };
            had.insert(&finding.vulnerability, found);
        }
        for left in &before.replaced.left {
            let known = had.entry(&left.vulnerability);
            let known = known.or_insert_with(|| left.clone());
            if known.at_h == 0 && self.coverage == CoverageStatus::Complete {
                known.at_h = self.at_h;
            }
        }
        let was_unseen = |left: &&ReplacedFinding| left.at_h == 0;
        let unseen = before.replaced.left.iter().filter(was_unseen);
        let unseen: HashMap<_, _> = unseen
            .map(|left| (&left.vulnerability, left.since_h))
            .collect();
        let in_before = before.findings.iter();
        let in_before: HashMap<_, u32> = (0..)
            .zip(in_before)
            .map(|(at, finding)| {
                let since_h = since.get(&at).copied().unwrap_or(begun_h);
                (&finding.vulnerability, since_h)
            })
            .collect();
        let mut since = Vec::new();
        for (at, finding) in (0..).zip(&self.findings) {
            let id = &finding.vulnerability;
            let came_h = in_before.get(id).or_else(|| unseen.get(id));
            let came_h = came_h.copied().unwrap_or(self.at_h);
            if came_h != begun_h {
                since.push((at, came_h));
            }
            had.remove(id);
        }
        let mut seen_h = seen_h;
        for (seen_h, sees_h) in seen_h.iter_mut().zip(self.sees()) {
            if *seen_h == 0 {
                *seen_h = sees_h;
            }
        }
        let mut left: Vec<_> = had.into_values().collect();
        left.sort_unstable_by(|a, b| a.vulnerability.cmp(&b.vulnerability));
        self.replaced = Replaced {
            begun_h,
            seen_h,
            since,
            left,
        };
    }
}

impl Replaced {
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.number(u64::from(self.begun_h));
        for seen_h in self.seen_h {
            out.number(u64::from(seen_h));
        }
        out.count(self.since.len());
        for (at, since_h) in &self.since {
            out.number(u64::from(*at));
            out.number(u64::from(*since_h));
        }
        out.count(self.left.len());
        for left in &self.left {
            out.text(left.vulnerability.as_str());
            out.byte(left.severity as u8 | if left.excepted { EXCEPTED } else { 0 });
            out.number(u64::from(left.since_h));
            out.number(u64::from(left.at_h));
        }
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self, EstateError> {
        let mut replaced = Self {
            begun_h: input.number_32()?,
            seen_h: [input.number_32()?, input.number_32()?],
            ..Self::default()
        };
        for _ in 0..input.count()? {
            replaced
                .since
                .push((input.number_32()?, input.number_32()?));
        }
        for _ in 0..input.count()? {
            let vulnerability = input.vulnerability()?;
            let word = input.byte()?;
            replaced.left.push(ReplacedFinding {
                vulnerability,
                severity: Reader::severity(word & !EXCEPTED),
                excepted: word & EXCEPTED != 0,
                since_h: input.number_32()?,
                at_h: input.number_32()?,
            });
        }
        Ok(replaced)
    }
}
