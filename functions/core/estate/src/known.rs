//! What every list of a state of an estate needs, worked out at the first question and kept beside the index: places by
//! number, their orders, which of them have a vulnerability, and their names to search in.
//!
//! All of it is of one state: whatever changes the index forgets it.

use std::{
    cmp::Reverse,
    fmt,
    sync::{Arc, OnceLock},
};

use memchr::memmem;
use schemas::{Place, PlaceKind, Severity, posture::Posture};
use scope::Part;

use crate::{
    index::{EstateIndex, PlaceRow},
    rank::Ranking,
};

/// Bytes that are kept for each place beside its row, about, without its names.
pub(crate) const PLACE_BYTES: usize = 49;
/// Bytes that are kept for each finding.
pub(crate) const FINDING_BYTES: usize = size_of::<u32>();
/// Bytes that are kept for each vulnerability.
pub(crate) const VULNERABILITY_BYTES: usize = size_of::<u32>() + 3 * Ranking::ROW_BYTES;

/// Something that follows from what it stands beside. It is no part of that: a copy begins without it, and it is the same
/// whether it was asked for or not.
pub(crate) struct Memo<T>(OnceLock<T>);

impl<T> Memo<T> {
    /// What follows, worked out by whoever asks first; the others wait for it.
    pub(crate) fn get_or(&self, work: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(work)
    }

    /// What follows, where somebody asked before.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Memo<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Memo<T> {}

impl<T> fmt::Debug for Memo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

/// What is known of a state of an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    pub(crate) places: Memo<Places>,
    pub(crate) holders: Memo<Holders>,
    pub(crate) names: Memo<Names>,
    pub(crate) whole: Rankings,
}

/// The vulnerabilities of some places, ranked: over all of them, and over those of each kind; and how these places stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rankings {
    by_kind: [Memo<Ranking>; 3],
    posture: Memo<Posture>,
}

impl Rankings {
    /// That of a kind of places, or of all.
    pub(crate) fn of(&self, kind: Option<PlaceKind>) -> &Memo<Ranking> {
        let [all, hosts, images] = &self.by_kind;
        match kind {
            None => all,
            Some(PlaceKind::Host) => hosts,
            Some(PlaceKind::Image) => images,
        }
    }

    /// How these places stand.
    pub(crate) fn posture(&self) -> &Memo<Posture> {
        &self.posture
    }

    /// What those that were worked out take in memory, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let known = self.by_kind.iter().filter_map(Memo::get);
        known.map(Ranking::memory_bytes).sum()
    }
}

/// Places by number: a place's number is its position in the index.
pub(crate) struct Places {
    all: Vec<(Arc<Place>, Arc<PlaceRow>)>,
    /// The highest score of each, in tenths; 0 without findings.
    top_tenths: Vec<u16>,
    /// The highest severity of each; none without findings.
    highest: Vec<Option<Severity>>,
    hosts: Orders,
    images: Orders,
}

/// The places of one kind in order, by number.
#[derive(Default)]
struct Orders {
    /// Highest score first, then by place.
    by_score: Vec<u32>,
    /// By name, then by place.
    by_name: Memo<Vec<u32>>,
}

impl Places {
    fn of(index: &EstateIndex) -> Self {
        let places = index.places.iter();
        let all: Vec<_> = places
            .map(|(place, row)| (Arc::clone(place), Arc::clone(row)))
            .collect();
        let top_tenths = index.top_tenths(all.iter().map(|(_, row)| &**row));
        let highest = all.iter().map(|(_, row)| {
            let findings = row.findings.iter().filter(|finding| !finding.excepted);
            findings.map(|finding| finding.severity).max()
        });
        let highest = highest.collect();
        let (mut hosts, mut images) = (Orders::default(), Orders::default());
        for (number, (place, row)) in (0..).zip(&all) {
            if row.removed {
                continue;
            }
            match place.kind() {
                PlaceKind::Host => hosts.by_score.push(number),
                PlaceKind::Image => images.by_score.push(number),
            }
        }
        for orders in [&mut hosts, &mut images] {
            // Numbers have the order of places, and this sort keeps it among equals.
            let tenths = |number: &u32| top_tenths.get(*number as usize).copied();
            orders
                .by_score
                .sort_by_key(|number| Reverse(tenths(number)));
        }
        Self {
            all,
            top_tenths,
            highest,
            hosts,
            images,
        }
    }

    /// A place with its row.
    pub(crate) fn get(&self, number: u32) -> Option<(&Place, &PlaceRow)> {
        let (place, row) = self.all.get(number as usize)?;
        Some((place, row))
    }

    /// Its highest score, in tenths.
    pub(crate) fn top_tenths(&self, number: u32) -> u16 {
        let tenths = self.top_tenths.get(number as usize);
        tenths.copied().unwrap_or_default()
    }

    /// The highest severity that it has; none without findings.
    pub(crate) fn highest(&self, number: u32) -> Option<Severity> {
        self.highest.get(number as usize).copied().flatten()
    }

    /// The places of a kind that are there, highest score first, then by place.
    pub(crate) fn by_score(&self, kind: PlaceKind) -> &[u32] {
        &self.orders(kind).by_score
    }

    /// The same by name, then by place.
    pub(crate) fn by_name(&self, kind: PlaceKind) -> &[u32] {
        let orders = self.orders(kind);
        orders.by_name.get_or(|| {
            let mut numbers = orders.by_score.clone();
            numbers.sort_unstable_by(|a, b| {
                let name = |number: &u32| self.get(*number).map(|(_, row)| row.name.as_str());
                (name(a), a).cmp(&(name(b), b))
            });
            numbers
        })
    }

    fn orders(&self, kind: PlaceKind) -> &Orders {
        match kind {
            PlaceKind::Host => &self.hosts,
            PlaceKind::Image => &self.images,
        }
    }
}

/// Which places have each vulnerability.
pub(crate) struct Holders {
    /// Where the places of each vulnerability begin; one more at the end.
    begins: Vec<u32>,
    places: Vec<u32>,
}

impl Holders {
    fn of(index: &EstateIndex) -> Self {
        let rows = || index.places.values().filter(|row| !row.removed);
        let mut begins = vec![0_u32; index.vulnerabilities.len() + 1];
        // First how many each has, one further on than where they are going to begin.
        for finding in rows().flat_map(|row| &row.findings) {
            if let Some(count) = begins.get_mut(finding.vulnerability as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut places = vec![0; sum as usize];
        let mut next = begins.clone();
        for (number, row) in (0..).zip(index.places.values()) {
            let findings = row.findings.iter().filter(|_| !row.removed);
            for finding in findings {
                let Some(at) = next.get_mut(finding.vulnerability as usize) else {
                    continue;
                };
                if let Some(slot) = places.get_mut(*at as usize) {
                    *slot = number;
                }
                *at += 1;
            }
        }
        Self { begins, places }
    }

    /// The numbers of the places that have a vulnerability, ascending; one that has it twice stands there twice.
    pub(crate) fn get(&self, vulnerability: u32) -> &[u32] {
        let at = vulnerability as usize;
        let range = self.begins.get(at).zip(self.begins.get(at + 1));
        let range = range.map(|(begin, end)| *begin as usize..*end as usize);
        range
            .and_then(|range| self.places.get(range))
            .unwrap_or_default()
    }
}

/// What stands between texts, and in none of them that can be searched for.
const BETWEEN: char = '\n';

/// The names that places are found by, in lower case: their own, and any tag of an image.
pub(crate) struct Names {
    text: String,
    /// Where the names of each place end.
    ends: Vec<usize>,
    /// The number of each place's operating system among the texts of the index.
    systems: Vec<Option<u32>>,
    /// The numbers of all operating systems.
    distinct: Vec<u32>,
}

impl Names {
    fn of(index: &EstateIndex) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        let (mut systems, mut distinct) = (Vec::new(), Vec::new());
        for row in index.places.values() {
            text.push_str(&row.name.to_lowercase());
            text.push(BETWEEN);
            for (part, tag) in index.texts_of(row) {
                if part == Some(Part::Image) && tag != row.name {
                    text.push_str(&tag.to_lowercase());
                    text.push(BETWEEN);
                }
            }
            ends.push(text.len());
            let of_os = |number: &&u32| {
                let text = index.texts.get(**number as usize);
                text.is_some_and(|(kind, _)| kind.is_none())
            };
            systems.push(row.texts.iter().find(of_os).copied());
        }
        distinct.extend(systems.iter().flatten());
        distinct.sort_unstable();
        distinct.dedup();
        Self {
            text,
            ends,
            systems,
            distinct,
        }
    }

    /// Which places have a name that contains a text, which is in lower case: a truth for each.
    pub(crate) fn containing(&self, wanted: &str) -> Vec<bool> {
        let mut found = vec![false; self.ends.len()];
        if wanted.contains(BETWEEN) {
            return found;
        }
        let finder = memmem::Finder::new(wanted);
        let bytes = self.text.as_bytes();
        let (mut begin, mut number) = (0, 0);
        while let Some(at) = bytes.get(begin..).and_then(|rest| finder.find(rest)) {
            let at = begin + at;
            // Whose it is lies ahead, mostly near.
            while self.ends.get(number).is_some_and(|end| *end <= at) {
                number += 1;
            }
            let (Some(slot), Some(end)) = (found.get_mut(number), self.ends.get(number)) else {
                break;
            };
            *slot = true;
            begin = *end;
        }
        found
    }

    /// The number of a place's operating system.
    pub(crate) fn system(&self, number: u32) -> Option<u32> {
        self.systems.get(number as usize).copied().flatten()
    }

    /// The numbers of all operating systems, ascending.
    pub(crate) fn systems(&self) -> &[u32] {
        &self.distinct
    }
}

impl EstateIndex {
    /// Its places by number.
    pub(crate) fn numbered(&self) -> &Places {
        self.known.places.get_or(|| Places::of(self))
    }

    /// Which places have each vulnerability.
    pub(crate) fn holders(&self) -> &Holders {
        self.known.holders.get_or(|| Holders::of(self))
    }

    /// What its places are found by.
    pub(crate) fn names(&self) -> &Names {
        self.known.names.get_or(|| Names::of(self))
    }
}
