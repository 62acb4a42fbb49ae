//! How an estate, or what of it somebody sees, stands; what is new in it, and what was fixed.

use std::cmp::Reverse;

use schemas::{
    Place, PlaceKind, Severity, VulnerabilityId,
    inventory::CoverageStatus,
    posture::{Posture, ResourceCounts, SeverityCounts},
    risk::Exposure,
};

use crate::{index::PlaceRow, view::View};

/// What came and went since a moment, each vulnerability once in each place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// What is there now and was not then.
    pub new: SeverityCounts,
    /// What was there and is not any more. What went with its place, or may only not have been seen, is not counted.
    pub fixed: SeverityCounts,
}

/// A finding that a place no longer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// The place.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The severity that it had there.
    pub severity: Severity,
    /// When it was first seen to be gone, in hours since 1970.
    pub at_h: u32,
}

/// Where a page of fixed findings ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedPosition {
    /// See [`Fixed::at_h`].
    pub at_h: u32,
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// The place.
    pub place: Place,
}

/// One page of fixed findings, the latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedPage {
    /// The rows.
    pub rows: Vec<Fixed>,
    /// Whether others follow.
    pub more: bool,
    /// Number of rows over all pages.
    pub total: usize,
}

/// Whether the network reaches it from outside of its host.
pub fn is_reached(exposure: Exposure) -> bool {
    match exposure {
        Exposure::Published | Exposure::PublicAddress | Exposure::Declared | Exposure::Observed => {
            true
        }
        Exposure::None | Exposure::Internal | Exposure::Unknown => false,
    }
}

/// Counts a place that has this as its highest severity.
fn count(counts: &mut ResourceCounts, row: &PlaceRow, highest: Option<Severity>) {
    counts.total += 1;
    match highest {
        Some(severity) => counts.highest.add(severity),
        None => counts.none += 1,
    }
    *match row.coverage {
        CoverageStatus::Complete => &mut counts.complete,
        CoverageStatus::Partial => &mut counts.partial,
        CoverageStatus::Unsupported => &mut counts.unsupported,
    } += 1;
    counts.exposed += u32::from(is_reached(row.facts.exposure));
}

impl View<'_> {
    /// How it stands. The vulnerabilities are those of its ranking, see [`Self::rank`].
    pub fn posture(&self) -> Posture {
        *self.rankings().posture().get_or(|| self.count_posture())
    }

    fn count_posture(&self) -> Posture {
        let mut posture = Posture::default();
        self.tally(&mut posture);
        let vulnerabilities = &self.index.vulnerabilities;
        let mut exposed = vec![false; vulnerabilities.len()];
        let places = self.index.numbered();
        for (number, place, row) in self.present() {
            let counts = match place.kind() {
                PlaceKind::Host => &mut posture.hosts,
                PlaceKind::Image => &mut posture.images,
            };
            count(counts, row, places.highest(number));
            if place.kind() == PlaceKind::Image {
                let running = row.facts.running_containers.unwrap_or(0);
                posture.running_containers = posture.running_containers.saturating_add(running);
            }
            let findings = || row.findings.iter().filter(|finding| !finding.excepted);
            posture.findings += findings().count() as u64;
            if is_reached(row.facts.exposure) {
                for finding in findings() {
                    if let Some(slot) = exposed.get_mut(finding.vulnerability as usize) {
                        *slot = true;
                    }
                }
            }
        }
        let exploited = exposed.iter().zip(vulnerabilities);
        let exploited =
            exploited.filter(|(exposed, known)| **exposed && known.facts.known_exploited);
        posture.exploited_exposed = u32::try_from(exploited.count()).unwrap_or(u32::MAX);
        posture
    }

    /// What came and went since an hour, counted from 1970.
    pub fn since(&self, from_h: u32) -> Since {
        let mut since = Since::default();
        for (_, _, row) in self.present() {
            for finding in &row.findings {
                if !finding.excepted && finding.since_h >= from_h.max(1) {
                    since.new.add(finding.severity);
                }
            }
            for left in &row.left {
                if !left.excepted && left.at_h >= from_h.max(1) {
                    since.fixed.add(left.severity);
                }
            }
        }
        since
    }

    /// One page of what was fixed since an hour, counted from 1970: the latest first, then by vulnerability and place.
    pub fn fixed(&self, from_h: u32, after: Option<&FixedPosition>, limit: usize) -> FixedPage {
        let mut rows = Vec::new();
        for (_, place, row) in self.present() {
            for left in &row.left {
                let is_wanted = !left.excepted && left.at_h >= from_h.max(1);
                if is_wanted && let Some(known) = self.index.vulnerability(left.vulnerability) {
                    rows.push((left, &known.id, place, row));
                }
            }
        }
        let total = rows.len();
        rows.sort_unstable_by(|(a, a_id, a_place, _), (b, b_id, b_place, _)| {
            (Reverse(a.at_h), a_id, a_place).cmp(&(Reverse(b.at_h), b_id, b_place))
        });
        let begin = after.map_or(0, |after| {
            let after = (Reverse(after.at_h), &after.vulnerability, &after.place);
            rows.partition_point(|(left, id, place, _)| (Reverse(left.at_h), *id, *place) <= after)
        });
        let rest = rows.get(begin..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        let fixed = page.iter().map(|(left, id, place, row)| Fixed {
            vulnerability: (*id).clone(),
            place: (*place).clone(),
            name: row.name.clone(),
            severity: left.severity,
            at_h: left.at_h,
        });
        FixedPage {
            rows: fixed.collect(),
            more: rest.len() > page.len(),
            total,
        }
    }
}
