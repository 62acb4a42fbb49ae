//! Answers from the index: what is vulnerable here, and what first?

use std::cmp::{Ordering, Reverse};

use risk::{intel_tenths, is_exposed, place_factors, place_tenths, rating_factors};
use schemas::{
    Place, PlaceKind, Severity, VulnerabilityId,
    posture::Posture,
    risk::{Answer, Exposure, FactorSet, PlaceFacts, VulnerabilityFacts},
};
use serde::{Deserialize, Serialize};

use crate::{
    clocks::Clocks,
    index::{EstateIndex, Row, Vulnerability, came_at},
    posture::is_reached,
    view::View,
};

/// Which findings are wanted with regard to exceptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Excepted {
    /// Without those that an exception hides.
    #[default]
    Hide,
    /// Only those.
    Only,
    /// With them.
    All,
}

impl Excepted {
    fn wants(self, finding: &Row) -> bool {
        match self {
            Self::Hide => !finding.excepted,
            Self::Only => finding.excepted,
            Self::All => true,
        }
    }
}

/// Which vulnerabilities are wanted; an empty filter wants all that no exception hides.
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
    /// What of exceptions; counts and scores are over these findings alone.
    pub excepted: Excepted,
    /// Only those that came to some place since this hour, counted from 1970.
    pub new_since_h: Option<u32>,
    /// Only those in a place that the network reaches from outside of its host, or only those in none.
    pub exposed: Option<bool>,
}

impl Filter {
    /// Whether it wants all that is in its places.
    fn is_open(&self) -> bool {
        let Self {
            severities,
            known_exploited,
            fix_available,
            place_kind: _,
            search,
            excepted: _,
            new_since_h,
            exposed,
        } = self;
        severities.is_empty()
            && known_exploited.is_none()
            && fix_available.is_none()
            && search.is_none()
            && new_since_h.is_none()
            && exposed.is_none()
    }

    fn wants(&self, row: &Ranked, known: &Vulnerability) -> bool {
        (self.severities.is_empty() || self.severities.contains(&row.severity))
            && self
                .known_exploited
                .is_none_or(|wanted| wanted == known.facts.known_exploited)
            && self
                .fix_available
                .is_none_or(|wanted| wanted == row.fix_available)
            && self
                .search
                .as_ref()
                .is_none_or(|text| contains(known.id.as_str(), text))
            && self
                .new_since_h
                .is_none_or(|from_h| row.newest_h >= from_h.max(1))
            && self.exposed.is_none_or(|wanted| wanted == row.is_reached)
    }
}

/// Whether a text contains another, without regard to the case of ASCII letters.
fn contains(text: &str, wanted: &str) -> bool {
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    wanted.is_empty()
        || text
            .windows(wanted.len())
            .any(|part| part.eq_ignore_ascii_case(wanted))
}

/// The order of a list of vulnerabilities. Those that are alike in it follow each other by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Highest score first.
    Score,
    /// Most likely to be exploited first.
    Epss,
    /// In most places first.
    Places,
    /// By id alone.
    Id,
}

impl Order {
    /// What it goes by, the highest first.
    fn key(self, row: &Ranked, known: &Vulnerability) -> u32 {
        match self {
            Self::Score => u32::from(row.score_tenths),
            // Bits of numbers that are not negative have the same order as the numbers.
            Self::Epss => known.facts.epss.map_or(0, |epss| epss.max(0.0).to_bits()),
            Self::Places => row.hosts.saturating_add(row.images),
            Self::Id => 0,
        }
    }
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
    /// Its marks that this place and its rating there give; without those of [`Self::facts`].
    #[serde(default)]
    pub factors: FactorSet,
    /// Since when it is in its places, as far as deadlines go by that.
    #[serde(default)]
    pub clocks: Clocks,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// What the order goes by of the last row: its score in tenths, in the order of scores.
    pub key: u32,
    /// Id of the last row.
    pub id: VulnerabilityId,
}

/// One page of a ranked list.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedPage {
    /// The rows in their order.
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
    /// Whether exceptions hide it there.
    pub excepted: bool,
    /// Since when it is there, in hours since 1970; 0 when it was there before that was written down.
    pub since_h: u32,
}

/// One page of the places that have a vulnerability.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedPage {
    /// What is known of the vulnerability, as rated in the place with the highest score.
    pub facts: VulnerabilityFacts,
    /// That place, whether a fix is available there, and what is known of it.
    pub top: (Place, bool, PlaceFacts),
    /// How the network reaches the one of its places for which the deadline is the earliest.
    pub exposure: Exposure,
    /// Since when that place has it, see [`AffectedPlace::since_h`].
    pub since_h: u32,
    /// The rows, highest score first, then by place.
    pub rows: Vec<AffectedPlace>,
    /// Whether others follow.
    pub more: bool,
    /// Number of places over all pages.
    pub total: usize,
}

/// A vulnerability over all places that have it, by numbers.
#[derive(Clone, Copy, Debug)]
struct Ranked {
    vulnerability: u32,
    /// The place with the highest score.
    top: u32,
    hosts: u32,
    images: u32,
    running_containers: u32,
    score_tenths: u16,
    /// The highest CVSS in tenths, 255 for none.
    cvss: u8,
    severity: Severity,
    fix_available: bool,
    /// When it came to the place that has it shortest, in hours since 1970.
    newest_h: u32,
    /// Since when it is in its places, as far as deadlines go by that.
    clocks: Clocks,
    /// Whether the network reaches any of its places from outside of its host.
    is_reached: bool,
    /// The marks of the place with the highest score, and of its rating there.
    factors: FactorSet,
}

/// What all findings in a place have of it.
struct Here<'a> {
    number: u32,
    place: &'a Place,
    running: u32,
    exposure: Exposure,
    tenths: u16,
    factors: FactorSet,
}

/// How early a deadline an exposure gives: the later an answer, the earlier it is.
fn urgency(exposure: Exposure) -> (u8, Exposure) {
    let exposed = match is_exposed(exposure) {
        Answer::No => 0,
        Answer::Unknown => 1,
        Answer::Yes => 2,
    };
    (exposed, exposure)
}

impl Ranked {
    /// Counts a finding of its vulnerability in a further place.
    fn count(&mut self, here: &Here<'_>, score_tenths: u16, of: Row) {
        match here.place {
            Place::Host(_) => self.hosts += 1,
            Place::Image(_) => {
                self.images += 1;
                self.running_containers = self.running_containers.saturating_add(here.running);
            }
        }
        self.clocks.add(here.exposure, of.since_h);
        self.is_reached |= is_reached(here.exposure);
        self.severity = self.severity.max(of.severity);
        self.fix_available |= of.fix_available;
        self.newest_h = self.newest_h.max(of.since_h);
        if of.cvss_score().is_some() && (self.cvss > 100 || self.cvss < of.cvss) {
            self.cvss = of.cvss;
        }
        if score_tenths > self.score_tenths {
            self.score_tenths = score_tenths;
            self.top = here.number;
            self.factors = here.factors_of(of);
        }
    }
}

impl Here<'_> {
    fn factors_of(&self, finding: Row) -> FactorSet {
        let rating = rating_factors(finding.severity, finding.fix_available);
        self.factors.and(rating)
    }
}

/// All vulnerabilities of some places, highest score first, then by id.
#[derive(Debug)]
pub(crate) struct Ranking(Vec<Ranked>);

impl Ranking {
    /// Bytes of a row.
    pub(crate) const ROW_BYTES: usize = size_of::<Ranked>();

    /// What it takes in memory, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.capacity() * Self::ROW_BYTES
    }

    fn of(view: &View<'_>, kind: Option<PlaceKind>, excepted: Excepted) -> Self {
        let vulnerabilities = &view.index.vulnerabilities;
        let mut found: Vec<Option<Ranked>> = vec![None; vulnerabilities.len()];
        // Of millions of findings, each costs a few additions: what is the same everywhere is worked out once.
        let intel: Vec<u16> = vulnerabilities
            .iter()
            .map(|known| intel_tenths(&known.facts))
            .collect();
        for (number, place, row) in view.present() {
            if kind.is_some_and(|kind| kind != place.kind()) {
                continue;
            }
            let here = Here {
                number,
                place,
                running: row.facts.running_containers.unwrap_or(0),
                exposure: row.facts.exposure,
                tenths: place_tenths(&row.facts),
                factors: place_factors(&row.facts),
            };
            for finding in row
                .findings
                .iter()
                .filter(|finding| excepted.wants(finding))
            {
                let at = finding.vulnerability as usize;
                let (Some(intel), Some(slot)) = (intel.get(at), found.get_mut(at)) else {
                    continue;
                };
                let score_tenths = here.tenths + intel + finding.rating_tenths();
                let ranked = slot.get_or_insert(Ranked {
                    vulnerability: finding.vulnerability,
                    top: number,
                    hosts: 0,
                    images: 0,
                    running_containers: 0,
                    score_tenths,
                    cvss: finding.cvss,
                    severity: finding.severity,
                    fix_available: false,
                    newest_h: 0,
                    clocks: Clocks::default(),
                    is_reached: false,
                    factors: here.factors_of(*finding),
                });
                ranked.count(&here, score_tenths, *finding);
            }
        }
        let mut rows: Vec<_> = found.into_iter().flatten().collect();
        rows.shrink_to_fit();
        let id = |row: &Ranked| {
            view.index
                .vulnerability(row.vulnerability)
                .map(|known| &known.id)
        };
        rows.sort_unstable_by(|a, b| {
            (Reverse(a.score_tenths), id(a)).cmp(&(Reverse(b.score_tenths), id(b)))
        });
        Self(rows)
    }
}

impl EstateIndex {
    /// [`View::page`] of all of it, in the order of scores.
    pub fn page(&self, filter: &Filter, after: Option<&Position>, limit: usize) -> RankedPage {
        self.whole().page(filter, Order::Score, after, limit)
    }

    /// [`View::ranked`] of all of it.
    pub fn ranked(&self, filter: &Filter) -> Vec<RankedVulnerability> {
        self.whole().ranked(filter)
    }

    /// [`View::affected`] of all of it.
    pub fn affected(&self, id: &VulnerabilityId) -> Vec<AffectedPlace> {
        self.whole().affected(id)
    }
}

impl View<'_> {
    /// One page of the vulnerabilities that a filter wants.
    pub fn page(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<&Position>,
        limit: usize,
    ) -> RankedPage {
        let apart;
        let ranking = match filter.excepted {
            Excepted::Hide => self.ranking(filter.place_kind),
            // Asked for seldom, and not worth the memory.
            other => {
                apart = Ranking::of(self, filter.place_kind, other);
                &apart
            }
        };
        let known = |row: &Ranked| self.index.vulnerability(row.vulnerability);
        let mut wanted: Vec<&Ranked> = Vec::new();
        if filter.is_open() {
            wanted.extend(&ranking.0);
        } else {
            let is_wanted = |row: &&Ranked| known(row).is_some_and(|of| filter.wants(row, of));
            wanted.extend(ranking.0.iter().filter(is_wanted));
        }
        // How a row stands to a position.
        let stands = |row: &Ranked, (key, id): (u32, Option<&VulnerabilityId>)| -> Ordering {
            let found = known(row);
            let own = found.map_or(0, |known| order.key(row, known));
            (Reverse(own), found.map(|known| &known.id)).cmp(&(Reverse(key), id))
        };
        if order != Order::Score {
            wanted.sort_unstable_by(|a, b| {
                let found = known(b);
                let key = found.map_or(0, |known| order.key(b, known));
                stands(a, (key, found.map(|known| &known.id)))
            });
        }
        let begin = after.map_or(0, |after| {
            wanted.partition_point(|row| stands(row, (after.key, Some(&after.id))).is_le())
        });
        let total = wanted.len();
        let rest = wanted.get(begin..).unwrap_or_default();
        let rows = rest.get(..limit).unwrap_or(rest);
        let last = rows.last().filter(|_| rest.len() > rows.len());
        let next = last.and_then(|row| {
            let known = known(row)?;
            Some(Position {
                key: order.key(row, known),
                id: known.id.clone(),
            })
        });
        RankedPage {
            rows: rows.iter().filter_map(|row| self.told(row)).collect(),
            next,
            total,
        }
    }

    /// All vulnerabilities that a filter wants, highest score first, then by id.
    pub fn ranked(&self, filter: &Filter) -> Vec<RankedVulnerability> {
        self.page(filter, Order::Score, None, usize::MAX).rows
    }

    /// Counts its vulnerabilities.
    pub(crate) fn tally(&self, posture: &mut Posture) {
        for row in &self.ranking(None).0 {
            posture.vulnerabilities.add(row.severity);
            posture.fix_available += u32::from(row.fix_available);
            let known = self.index.vulnerability(row.vulnerability);
            let is_exploited = known.is_some_and(|known| known.facts.known_exploited);
            posture.known_exploited += u32::from(is_exploited);
        }
    }

    fn ranking(&self, kind: Option<PlaceKind>) -> &Ranking {
        let known = self.rankings().of(kind);
        known.get_or(|| Ranking::of(self, kind, Excepted::Hide))
    }

    /// Whether its vulnerabilities, in places of a kind or in all, are ranked already: then a page of them is had at once.
    pub fn is_ranked(&self, kind: Option<PlaceKind>) -> bool {
        self.rankings().of(kind).get().is_some() && self.index.known.places.get().is_some()
    }

    /// Works out what pages of its vulnerabilities need, which takes a while of a large estate.
    pub fn rank(&self, kind: Option<PlaceKind>) {
        self.index.numbered();
        self.ranking(kind);
    }

    /// A row with all that is known of it.
    fn told(&self, row: &Ranked) -> Option<RankedVulnerability> {
        let known = self.index.vulnerability(row.vulnerability)?;
        let (place, top) = self.index.numbered().get(row.top)?;
        Some(RankedVulnerability {
            id: known.id.clone(),
            score_tenths: row.score_tenths,
            severity: row.severity,
            cvss_score: (row.cvss <= 100).then(|| f32::from(row.cvss) / 10.0),
            fix_available: row.fix_available,
            facts: known.facts.clone(),
            hosts: row.hosts,
            images: row.images,
            running_containers: row.running_containers,
            top_place: (place.clone(), top.name.clone()),
            factors: row.factors,
            clocks: row.clocks,
        })
    }

    /// Whether it is known which places have a vulnerability: then a page of them is had at once.
    pub fn are_holders_known(&self) -> bool {
        self.index.known.places.get().is_some() && self.index.known.holders.get().is_some()
    }

    /// Works out which places have each vulnerability, which takes a while of a large estate.
    pub fn know_holders(&self) {
        self.index.numbered();
        self.index.holders();
    }

    /// The places that have a vulnerability, highest score first, then by place.
    pub fn affected(&self, id: &VulnerabilityId) -> Vec<AffectedPlace> {
        let page = self.affected_page(id, None, usize::MAX);
        page.map_or_else(Vec::new, |page| page.rows)
    }

    /// One place that has a vulnerability; `None` when it has not, or is not seen.
    pub fn affected_in(&self, id: &VulnerabilityId, place: &Place) -> Option<AffectedPlace> {
        let number = self.index.number(id)?;
        let known = self.index.vulnerability(number)?;
        let row = self.place(place)?;
        let mut findings = row.findings.iter();
        let finding = *findings.find(|finding| finding.vulnerability == number)?;
        let tenths = place_tenths(&row.facts) + intel_tenths(&known.facts);
        Some(AffectedPlace {
            place: place.clone(),
            name: row.name.clone(),
            score_tenths: tenths + finding.rating_tenths(),
            fix_available: finding.fix_available,
            vulnerability: VulnerabilityFacts {
                severity: finding.severity,
                cvss_score: finding.cvss_score(),
                ..known.facts.clone()
            },
            facts: row.facts.clone(),
            excepted: finding.excepted,
            since_h: finding.since_h,
        })
    }

    /// One page of the places that have a vulnerability, after this one; `None` when none has it.
    pub fn affected_page(
        &self,
        id: &VulnerabilityId,
        after: Option<&Place>,
        limit: usize,
    ) -> Option<AffectedPage> {
        let number = self.index.number(id)?;
        let known = self.index.vulnerability(number)?;
        let places = self.index.numbered();
        let intel = intel_tenths(&known.facts);
        let mut found: Vec<(Reverse<u16>, u32, Row)> = Vec::new();
        let mut former = None;
        for holder in self.index.holders().get(number) {
            // A place has it once, whatever its findings say.
            if former.replace(holder) == Some(holder) || !self.has_number(*holder) {
                continue;
            }
            let (_, row) = places.get(*holder)?;
            let mut findings = row.findings.iter();
            let finding = *findings.find(|finding| finding.vulnerability == number)?;
            let score_tenths = place_tenths(&row.facts) + intel + finding.rating_tenths();
            found.push((Reverse(score_tenths), *holder, finding));
        }
        // Numbers have the order of places.
        found.sort_unstable_by_key(|(score_tenths, number, _)| (*score_tenths, *number));
        let rated = |finding: &Row| VulnerabilityFacts {
            severity: finding.severity,
            cvss_score: finding.cvss_score(),
            ..known.facts.clone()
        };
        let (_, top, finding) = found.first()?;
        let facts = rated(finding);
        let (top, top_row) = places.get(*top)?;
        let top = (top.clone(), finding.fix_available, top_row.facts.clone());
        let clocks = found.iter().filter_map(|(_, number, finding)| {
            let (_, row) = places.get(*number)?;
            Some((row.facts.exposure, finding.since_h))
        });
        // The earliest, and of those that are alike, or have no date, the most urgent.
        let soonest = clocks.min_by_key(|(exposure, since_h)| {
            let due = risk::due(&known.facts, *exposure, came_at(*since_h));
            (due.is_none(), due, Reverse(urgency(*exposure)))
        });
        let (exposure, since_h) = soonest?;
        let is_after = |number: u32| places.get(number).map(|(place, _)| place) == after;
        let begin = after.and_then(|_| found.iter().position(|(_, number, _)| is_after(*number)));
        let rest = found
            .get(begin.map_or(0, |at| at + 1)..)
            .unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        let rows = page
            .iter()
            .filter_map(|(Reverse(score_tenths), number, finding)| {
                let (place, row) = places.get(*number)?;
                Some(AffectedPlace {
                    place: place.clone(),
                    name: row.name.clone(),
                    score_tenths: *score_tenths,
                    fix_available: finding.fix_available,
                    vulnerability: rated(finding),
                    facts: row.facts.clone(),
                    excepted: finding.excepted,
                    since_h: finding.since_h,
                })
            });
        Some(AffectedPage {
            facts,
            top,
            exposure,
            since_h,
            rows: rows.collect(),
            more: rest.len() > page.len(),
            total: found.len(),
        })
    }
}
