//! Answers from the index: what is vulnerable here, and what first?

use std::cmp::Reverse;

use risk::{intel_tenths, place_tenths};
use schemas::{
    Place, PlaceKind, Severity, VulnerabilityId,
    inventory::CoverageStatus,
    risk::{PlaceFacts, VulnerabilityFacts},
};
use serde::{Deserialize, Serialize};

use crate::{
    index::{EstateIndex, PlaceRow, Row},
    view::{PlaceFilter, View, Within},
};

/// Which vulnerabilities are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Any of these severities.
    pub severities: Vec<Severity>,
    /// Only known exploited ones, or only those that are not.
    pub known_exploited: Option<bool>,
    /// Only those with a fix in some place, or only those without any.
    pub fix_available: Option<bool>,
    /// Only those in places of this kind; counts and scores are over these places alone.
    pub place_kind: Option<PlaceKind>,
    /// Only those whose id contains this text, without regard to case.
    pub search: Option<String>,
}

/// One vulnerability over all places that have it. The beginning of a list is stored, so its form is additive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedVulnerability {
    /// The vulnerability.
    pub id: VulnerabilityId,
    /// The highest score over its places, in tenths of a point.
    pub score_tenths: u16,
    /// The worst severity over its places.
    pub severity: Severity,
    /// The highest CVSS score over its places.
    pub cvss_score: Option<f32>,
    /// Whether any place has a fix.
    pub fix_available: bool,
    /// What is known of it wherever it is.
    pub facts: VulnerabilityFacts,
    /// Number of hosts that have it.
    pub hosts: u32,
    /// Number of images that have it.
    pub images: u32,
    /// Number of running containers of these images.
    pub running_containers: u32,
    /// The place with the highest score, and its name.
    pub top_place: (Place, String),
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Score of the last row, in tenths.
    pub score_tenths: u16,
    /// Id of the last row.
    pub id: VulnerabilityId,
}

/// One page of a ranked list.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedPage {
    /// The rows, highest score first, then by id.
    pub rows: Vec<RankedVulnerability>,
    /// Where the next page begins after; absent on the last page.
    pub next: Option<Position>,
    /// Number of rows over all pages.
    pub total: usize,
}

/// A place that has a vulnerability.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedPlace {
    /// The place.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The score there, in tenths.
    pub score_tenths: u16,
    /// Whether a fix is available there.
    pub fix_available: bool,
    /// What is known of the vulnerability, with the severity it has there.
    pub vulnerability: VulnerabilityFacts,
    /// What is known of the place.
    pub facts: PlaceFacts,
}

/// Counts of vulnerabilities by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All.
    pub total: u32,
    /// Critical ones.
    pub critical: u32,
    /// High ones.
    pub high: u32,
    /// Medium ones.
    pub medium: u32,
    /// Low ones.
    pub low: u32,
    /// Those nobody rated.
    pub unknown: u32,
    /// Known exploited ones.
    pub known_exploited: u32,
    /// Those with a fix.
    pub fixable: u32,
}

/// A place in short. The beginning of a list is stored, so its form is additive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceSummary {
    /// The place.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// How much of it was read.
    pub coverage: CoverageStatus,
    /// Number of packages.
    pub packages: u32,
    /// Number of rows that cannot be judged.
    pub cannot_judge: u32,
    /// Counts of its vulnerabilities.
    pub counts: Counts,
    /// Its highest score, in tenths; 0 without findings.
    pub top_score_tenths: u16,
    /// What is known of it.
    pub facts: PlaceFacts,
    /// Its operating system as people name it; empty when it is not known.
    #[serde(default)]
    pub os: String,
}

impl EstateIndex {
    /// All of it.
    pub fn whole(&self) -> View<'_> {
        View::new(self, None)
    }

    /// What of it somebody may see.
    pub fn seen<'a>(&'a self, within: &'a Within) -> View<'a> {
        View::new(self, Some(within))
    }

    /// [`View::page`] of all of it.
    pub fn page(&self, filter: &Filter, after: Option<&Position>, limit: usize) -> RankedPage {
        self.whole().page(filter, after, limit)
    }

    /// [`View::ranked`] of all of it.
    pub fn ranked(&self, filter: &Filter) -> Vec<RankedVulnerability> {
        self.whole().ranked(filter)
    }

    /// [`View::ranked_places`] of all of it.
    pub fn ranked_places(&self, kind: PlaceKind) -> Vec<PlaceSummary> {
        self.whole().ranked_places(kind, &PlaceFilter::default())
    }

    /// [`View::affected`] of all of it.
    pub fn affected(&self, id: &VulnerabilityId) -> Vec<AffectedPlace> {
        self.whole().affected(id)
    }

    /// [`View::summaries`] of all of it.
    pub fn summaries(&self, only: Option<&Place>) -> Vec<PlaceSummary> {
        self.whole().summaries(only)
    }
}

impl View<'_> {
    /// One page of the vulnerabilities that a filter wants, highest score first, then by id.
    pub fn page(&self, filter: &Filter, after: Option<&Position>, limit: usize) -> RankedPage {
        let mut rows = self.ranked(filter);
        let total = rows.len();
        if let Some(after) = after {
            let start = rows.partition_point(|row| {
                (Reverse(row.score_tenths), &row.id) <= (Reverse(after.score_tenths), &after.id)
            });
            rows.drain(..start);
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| Position {
            score_tenths: last.score_tenths,
            id: last.id.clone(),
        });
        RankedPage { rows, next, total }
    }

    /// All vulnerabilities that a filter wants, highest score first, then by id.
    pub fn ranked(&self, filter: &Filter) -> Vec<RankedVulnerability> {
        let mut found: Vec<Option<RankedVulnerability>> =
            vec![None; self.index.vulnerabilities.len()];
        // Of millions of findings, each costs a few additions: what is the same everywhere is worked out once.
        let intel: Vec<u16> = self
            .index
            .vulnerabilities
            .iter()
            .map(|known| intel_tenths(&known.facts))
            .collect();
        for (place, row) in self.present() {
            if filter.place_kind.is_some_and(|kind| kind != place.kind()) {
                continue;
            }
            let here = place_tenths(&row.facts);
            for finding in &row.findings {
                let number = finding.vulnerability as usize;
                if let (Some(intel), Some(slot)) = (intel.get(number), found.get_mut(number)) {
                    self.count(slot, place, row, here + intel, *finding);
                }
            }
        }
        let search = filter.search.as_ref().map(|text| text.to_ascii_lowercase());
        let wanted = |row: &RankedVulnerability| {
            (filter.severities.is_empty() || filter.severities.contains(&row.severity))
                && filter
                    .known_exploited
                    .is_none_or(|known| known == row.facts.known_exploited)
                && filter
                    .fix_available
                    .is_none_or(|fix| fix == row.fix_available)
                && search
                    .as_ref()
                    .is_none_or(|text| row.id.as_str().to_ascii_lowercase().contains(text))
        };
        let mut rows: Vec<_> = found.into_iter().flatten().filter(wanted).collect();
        rows.sort_by(|a, b| {
            b.score_tenths
                .cmp(&a.score_tenths)
                .then_with(|| a.id.cmp(&b.id))
        });
        rows
    }

    fn count(
        &self,
        slot: &mut Option<RankedVulnerability>,
        place: &Place,
        row: &PlaceRow,
        other_tenths: u16,
        finding: Row,
    ) {
        let vulnerabilities = &self.index.vulnerabilities;
        let Some(known) = vulnerabilities.get(finding.vulnerability as usize) else {
            return;
        };
        let cvss_score = finding.cvss_score();
        let score_tenths = other_tenths + finding.rating_tenths();
        let entry = slot.get_or_insert_with(|| RankedVulnerability {
            id: known.id.clone(),
            score_tenths,
            severity: finding.severity,
            cvss_score,
            fix_available: false,
            facts: known.facts.clone(),
            hosts: 0,
            images: 0,
            running_containers: 0,
            top_place: (place.clone(), row.name.clone()),
        });
        match place {
            Place::Host(_) => entry.hosts += 1,
            Place::Image(_) => {
                entry.images += 1;
                let running = row.facts.running_containers.unwrap_or(0);
                entry.running_containers = entry.running_containers.saturating_add(running);
            }
        }
        entry.severity = entry.severity.max(finding.severity);
        entry.cvss_score = match (entry.cvss_score, cvss_score) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        entry.fix_available |= finding.fix_available;
        if score_tenths > entry.score_tenths {
            entry.score_tenths = score_tenths;
            entry.top_place = (place.clone(), row.name.clone());
        }
    }

    /// All places of a kind that a filter wants in short, highest score first, then by place.
    pub fn ranked_places(&self, kind: PlaceKind, filter: &PlaceFilter) -> Vec<PlaceSummary> {
        let filter = filter.ready(self.index);
        let mut rows: Vec<_> = self
            .present()
            .filter(|(place, row)| place.kind() == kind && filter.wants(row))
            .map(|(place, row)| self.summary(place, row))
            .collect();
        rows.sort_by(|a, b| {
            (Reverse(a.top_score_tenths), &a.place).cmp(&(Reverse(b.top_score_tenths), &b.place))
        });
        rows
    }

    /// The places that have a vulnerability, highest score first.
    pub fn affected(&self, id: &VulnerabilityId) -> Vec<AffectedPlace> {
        let vulnerabilities = &self.index.vulnerabilities;
        let Some(number) = vulnerabilities.iter().position(|known| known.id == *id) else {
            return Vec::new();
        };
        let mut places: Vec<_> = self
            .present()
            .filter_map(|(place, row)| {
                let finding = row
                    .findings
                    .iter()
                    .find(|f| f.vulnerability as usize == number)?;
                let vulnerability = VulnerabilityFacts {
                    severity: finding.severity,
                    cvss_score: finding.cvss_score(),
                    ..vulnerabilities.get(number)?.facts.clone()
                };
                Some(AffectedPlace {
                    place: place.clone(),
                    name: row.name.clone(),
                    score_tenths: place_tenths(&row.facts)
                        + intel_tenths(&vulnerability)
                        + finding.rating_tenths(),
                    fix_available: finding.fix_available,
                    vulnerability,
                    facts: row.facts.clone(),
                })
            })
            .collect();
        places.sort_by(|a, b| {
            b.score_tenths
                .cmp(&a.score_tenths)
                .then_with(|| a.place.cmp(&b.place))
        });
        places
    }

    /// All places in short, or one.
    pub fn summaries(&self, only: Option<&Place>) -> Vec<PlaceSummary> {
        match only {
            Some(only) => self
                .place(only)
                .map(|row| self.summary(only, row))
                .into_iter()
                .collect(),
            None => self
                .present()
                .map(|(place, row)| self.summary(place, row))
                .collect(),
        }
    }

    fn summary(&self, place: &Place, row: &PlaceRow) -> PlaceSummary {
        let mut counts = Counts::default();
        let mut top = None;
        for finding in &row.findings {
            let vulnerabilities = &self.index.vulnerabilities;
            let Some(known) = vulnerabilities.get(finding.vulnerability as usize) else {
                continue;
            };
            top = top.max(Some(intel_tenths(&known.facts) + finding.rating_tenths()));
            counts.total += 1;
            *match finding.severity {
                Severity::Critical => &mut counts.critical,
                Severity::High => &mut counts.high,
                Severity::Medium => &mut counts.medium,
                Severity::Low => &mut counts.low,
                Severity::Unknown => &mut counts.unknown,
            } += 1;
            counts.known_exploited += u32::from(known.facts.known_exploited);
            counts.fixable += u32::from(finding.fix_available);
        }
        PlaceSummary {
            place: place.clone(),
            name: row.name.clone(),
            coverage: row.coverage,
            packages: row.packages,
            cannot_judge: row.cannot_judge,
            counts,
            top_score_tenths: top.map_or(0, |tenths| tenths + place_tenths(&row.facts)),
            facts: row.facts.clone(),
            os: self.index.os_of(row).to_owned(),
        }
    }
}
