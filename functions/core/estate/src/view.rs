//! Parts of an index: what of it is within a scope, and what somebody sees.

use std::sync::Arc;

use schemas::Place;
use scope::{Resource, Scope};

use crate::{
    index::{EstateIndex, PlaceRow},
    known::Rankings,
};

/// Which places of an index are within a scope: a bit for each, in the order of the index that it was made from. It says
/// nothing of any other index, a later one of the same tenant included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    scope: Scope,
    bits: Vec<u64>,
    /// What is vulnerable there.
    pub(crate) rankings: Rankings,
}

impl Within {
    fn of(scope: &Scope, bits: impl Iterator<Item = bool>) -> Self {
        let mut words = Vec::new();
        for (number, bit) in bits.enumerate() {
            if number % 64 == 0 {
                words.push(0);
            }
            if let Some(word) = words.last_mut() {
                *word |= u64::from(bit) << (number % 64);
            }
        }
        Self {
            scope: scope.clone(),
            bits: words,
            rankings: Rankings::default(),
        }
    }

    fn has(&self, number: usize) -> bool {
        let word = self.bits.get(number / 64).copied().unwrap_or_default();
        word >> (number % 64) & 1 != 0
    }

    /// What it takes in memory, in bytes, about.
    pub fn memory_bytes(&self) -> usize {
        self.bits.len() * size_of::<u64>() + self.rankings.memory_bytes()
    }
}

impl EstateIndex {
    /// Which places are within a scope. Each pattern is held against each distinct text once, however many places have it.
    pub fn within(&self, scope: &Scope) -> Within {
        let Some(collections) = scope.collections() else {
            return Within::of(scope, self.places.iter().map(|_| true));
        };
        // For each collection, which of its parts each text is enough for.
        let met: Vec<Vec<u8>> = collections
            .iter()
            .map(|one| {
                let texts = self.texts.iter();
                let met = texts.map(|(kind, text)| kind.map_or(0, |part| one.met(part, text)));
                met.collect()
            })
            .collect();
        let is_within = |(place, row): (&Arc<Place>, &Arc<PlaceRow>)| {
            if !self.is_told(row) {
                return scope.includes(&by_name(place, row));
            }
            collections.iter().zip(&met).any(|(one, met)| {
                let of_text = |number: &u32| met.get(*number as usize).copied().unwrap_or(0);
                one.is_met_by(row.texts.iter().fold(0, |all, text| all | of_text(text)))
            })
        };
        Within::of(scope, self.places.iter().map(is_within))
    }

    /// What collections look at of a place.
    pub(crate) fn resource(&self, place: &Place, row: &PlaceRow) -> Resource {
        if !self.is_told(row) {
            return by_name(place, row);
        }
        let texts = self.texts_of(row);
        Resource::stored(texts.filter_map(|(kind, text)| Some((kind?, text.to_owned()))))
    }

    /// Whether it is known what collections look at.
    fn is_told(&self, row: &PlaceRow) -> bool {
        self.texts_of(row).any(|(kind, _)| kind.is_some())
    }
}

/// What a state of an earlier version says: the name alone.
fn by_name(place: &Place, row: &PlaceRow) -> Resource {
    match place {
        Place::Host(_) => Resource::new().host(&row.name),
        Place::Image(_) => Resource::new().image(&row.name),
    }
}

/// An index, or what of it somebody may see: what is outside is neither answered nor counted.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub(crate) index: &'a EstateIndex,
    within: Option<&'a Within>,
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
}

impl<'a> View<'a> {
    fn new(index: &'a EstateIndex, within: Option<&'a Within>) -> Self {
        Self { index, within }
    }

    /// The places that are there and seen.
    pub(crate) fn present(&self) -> impl Iterator<Item = (u32, &'a Place, &'a PlaceRow)> + use<'a> {
        let view = *self;
        let places = (0..).zip(&self.index.places);
        let seen =
            places.filter(move |(number, (_, row))| !row.removed && view.has_number(*number));
        seen.map(|(number, (place, row))| (number, &**place, &**row))
    }

    /// Whether a place is seen, by its number.
    pub(crate) fn has_number(&self, number: u32) -> bool {
        self.within.is_none_or(|within| within.has(number as usize))
    }

    /// What is known of its vulnerabilities.
    pub(crate) fn rankings(&self) -> &'a Rankings {
        match self.within {
            Some(within) => &within.rankings,
            None => &self.index.known.whole,
        }
    }

    /// A place, where it is there and seen.
    pub(crate) fn place(&self, place: &Place) -> Option<&'a PlaceRow> {
        let row = self.index.places.get(place)?;
        if row.removed {
            return None;
        }
        // Its number is its position, which only those before it tell; to ask the scope again is quicker.
        let is_seen = |within: &Within| within.scope.includes(&self.index.resource(place, row));
        self.within.is_none_or(is_seen).then_some(row)
    }

    /// The places that are there and seen with their names, of these alone.
    pub fn named(&self, among: Option<&'a Within>) -> impl Iterator<Item = (&'a Place, &'a str)> {
        let within = self.within;
        let places = self.index.places.iter().enumerate();
        let seen = places.filter(move |(number, (_, row))| {
            let has = |within: Option<&Within>| within.is_none_or(|within| within.has(*number));
            !row.removed && has(within) && has(among)
        });
        seen.map(|(_, (place, row))| (&**place, row.name.as_str()))
    }

    /// Whether a place is there and seen.
    pub fn has(&self, place: &Place) -> bool {
        self.place(place).is_some()
    }
}
