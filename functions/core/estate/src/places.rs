//! Places in short, in order, and as somebody looks for them.

use std::cmp::Reverse;

use risk::{intel_tenths, place_tenths};
use schemas::{Place, PlaceKind, Severity, inventory::CoverageStatus, risk::PlaceFacts};
use serde::{Deserialize, Serialize};

use crate::{
    index::{EstateIndex, PlaceRow},
    known::{Names, Places},
    posture::is_reached,
    view::View,
};

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

/// Which places are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceFilter {
    /// Only those of which a name contains this text, without regard to case: any tag of an image.
    pub search: Option<String>,
    /// Only those whose operating system's name contains this text, without regard to case.
    pub os: Option<String>,
    /// Only those whose highest severity is any of these.
    pub severities: Vec<Severity>,
    /// Only those that were read this far.
    pub coverage: Option<CoverageStatus>,
    /// Only those that the network reaches from outside of their host, or only the others.
    pub exposed: Option<bool>,
}

/// The order of a list of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceOrder {
    /// Highest score first, then by place.
    Score,
    /// By name, then by place.
    Name,
}

/// Where a page of places ended: the last row's score in tenths and name, as far as the order goes by them, and the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacePosition {
    /// Its highest score, in tenths; of no matter in the order of names.
    pub score_tenths: u16,
    /// Its name; of no matter in the order of scores.
    pub name: String,
    /// The place.
    pub place: Place,
}

/// One page of places.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacesPage {
    /// The rows.
    pub rows: Vec<PlaceSummary>,
    /// Whether others follow.
    pub more: bool,
    /// Number of rows over all pages.
    pub total: usize,
}

/// A filter that was held against the names of an index.
struct Ready<'a> {
    filter: &'a PlaceFilter,
    places: &'a Places,
    search: Option<Vec<bool>>,
    os: Option<(&'a Names, Vec<u32>)>,
}

impl PlaceFilter {
    fn ready<'a>(&'a self, index: &'a EstateIndex) -> Ready<'a> {
        let search = self.search.as_ref().map(|text| text.to_lowercase());
        let os = self.os.as_ref().map(|text| text.to_lowercase());
        Ready {
            filter: self,
            places: index.numbered(),
            search: search.map(|text| index.names().containing(&text)),
            os: os.map(|wanted| {
                let names = index.names();
                let mut systems = names.systems().to_vec();
                systems.retain(|number| {
                    let text = index.texts.get(*number as usize);
                    text.is_some_and(|(_, text)| text.to_lowercase().contains(&wanted))
                });
                (names, systems)
            }),
        }
    }
}

impl Ready<'_> {
    fn wants(&self, number: u32) -> bool {
        let is_named = |found: &Vec<bool>| found.get(number as usize) == Some(&true);
        let is_of = |(names, systems): &(&Names, Vec<u32>)| {
            let system = names.system(number);
            system.is_some_and(|system| systems.binary_search(&system).is_ok())
        };
        self.search.as_ref().is_none_or(is_named)
            && self.os.as_ref().is_none_or(is_of)
            && self.wants_row(number)
    }
}

impl Ready<'_> {
    /// Whether what is known of a place itself is wanted.
    fn wants_row(&self, number: u32) -> bool {
        let PlaceFilter {
            severities,
            coverage,
            exposed,
            ..
        } = self.filter;
        let highest = self.places.highest(number);
        let is_so_severe = highest.is_some_and(|highest| severities.contains(&highest));
        if !severities.is_empty() && !is_so_severe {
            return false;
        }
        if coverage.is_none() && exposed.is_none() {
            return true;
        }
        self.places.get(number).is_some_and(|(_, row)| {
            coverage.is_none_or(|wanted| wanted == row.coverage)
                && exposed.is_none_or(|wanted| wanted == is_reached(row.facts.exposure))
        })
    }
}

impl EstateIndex {
    /// [`View::ranked_places`] of all of it.
    pub fn ranked_places(&self, kind: PlaceKind) -> Vec<PlaceSummary> {
        self.whole().ranked_places(kind, &PlaceFilter::default())
    }

    /// [`View::summaries`] of all of it.
    pub fn summaries(&self, only: Option<&Place>) -> Vec<PlaceSummary> {
        self.whole().summaries(only)
    }

    /// The highest score of each of these places, in tenths; 0 of one without findings.
    pub(crate) fn top_tenths<'a>(&self, rows: impl Iterator<Item = &'a PlaceRow>) -> Vec<u16> {
        let known = self.vulnerabilities.iter();
        let intel: Vec<u16> = known.map(|known| intel_tenths(&known.facts)).collect();
        let top = |row: &PlaceRow| {
            let findings = row.findings.iter().filter(|finding| !finding.excepted);
            let tenths = findings.filter_map(|finding| {
                let intel = intel.get(finding.vulnerability as usize)?;
                Some(intel + finding.rating_tenths())
            });
            tenths.max().map(|tenths| tenths + place_tenths(&row.facts))
        };
        rows.map(|row| top(row).unwrap_or_default()).collect()
    }
}

impl View<'_> {
    /// All places of a kind that a filter wants in short, highest score first, then by place.
    pub fn ranked_places(&self, kind: PlaceKind, filter: &PlaceFilter) -> Vec<PlaceSummary> {
        let page = self.places_page(kind, filter, PlaceOrder::Score, None, usize::MAX);
        page.rows
    }

    /// One page of the places of a kind that a filter wants.
    pub fn places_page(
        &self,
        kind: PlaceKind,
        filter: &PlaceFilter,
        order: PlaceOrder,
        after: Option<&PlacePosition>,
        limit: usize,
    ) -> PlacesPage {
        let places = self.index.numbered();
        let numbers = match order {
            PlaceOrder::Score => places.by_score(kind),
            PlaceOrder::Name => places.by_name(kind),
        };
        let begin = after.map_or(0, |after| {
            numbers.partition_point(|number| {
                let Some((place, row)) = places.get(*number) else {
                    return true;
                };
                match order {
                    PlaceOrder::Score => {
                        let tenths = places.top_tenths(*number);
                        (Reverse(tenths), place) <= (Reverse(after.score_tenths), &after.place)
                    }
                    PlaceOrder::Name => (&row.name, place) <= (&after.name, &after.place),
                }
            })
        });
        let filter = filter.ready(self.index);
        let (mut rows, mut more, mut total) = (Vec::new(), false, 0);
        for (at, number) in numbers.iter().enumerate() {
            if !self.has_number(*number) || !filter.wants(*number) {
                continue;
            }
            total += 1;
            if at < begin {
                continue;
            }
            if rows.len() == limit {
                more = true;
            } else if let Some((place, row)) = places.get(*number) {
                rows.push(self.summary(place, row));
            }
        }
        PlacesPage { rows, more, total }
    }

    /// Whether its places of a kind are in this order already: then a page of them is had at once.
    pub fn are_places_known(&self, kind: PlaceKind, order: PlaceOrder) -> bool {
        let places = self.index.known.places.get();
        let are_in_order = places.is_some_and(|places| match order {
            PlaceOrder::Score => true,
            PlaceOrder::Name => places.is_by_name(kind),
        });
        are_in_order && self.index.known.names.get().is_some()
    }

    /// Works out what pages of its places of a kind need in this order, which takes a while of a large estate.
    pub fn know_places(&self, kind: PlaceKind, order: PlaceOrder) {
        let places = self.index.numbered();
        if order == PlaceOrder::Name {
            places.by_name(kind);
        }
        self.index.names();
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
                .map(|(_, place, row)| self.summary(place, row))
                .collect(),
        }
    }

    fn summary(&self, place: &Place, row: &PlaceRow) -> PlaceSummary {
        let mut counts = Counts::default();
        let mut top = None;
        for finding in row.findings.iter().filter(|finding| !finding.excepted) {
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
