//! Parts of an index: what is within a scope, and what a filter of places wants.

use schemas::Place;
use scope::{Part, Resource, Scope};

use crate::index::{EstateIndex, PlaceRow};

/// Which places of an index are within a scope: a bit for each, in the order of the index that it was made from. It says
/// nothing of any other index, a later one of the same tenant included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    scope: Scope,
    bits: Vec<u64>,
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
        }
    }

    fn has(&self, number: usize) -> bool {
        let word = self.bits.get(number / 64).copied().unwrap_or_default();
        word >> (number % 64) & 1 != 0
    }

    /// What it takes in memory, in bytes, about.
    pub fn memory_bytes(&self) -> usize {
        self.bits.len() * size_of::<u64>()
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
        let is_within = |(place, row): (&Place, &PlaceRow)| {
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
    fn resource(&self, place: &Place, row: &PlaceRow) -> Resource {
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

impl<'a> View<'a> {
    pub(crate) fn new(index: &'a EstateIndex, within: Option<&'a Within>) -> Self {
        Self { index, within }
    }

    /// The places that are there and seen.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&'a Place, &'a PlaceRow)> + use<'a> {
        let within = self.within;
        let places = self.index.places.iter().enumerate();
        let seen = places.filter(move |(number, (_, row))| {
            !row.removed && within.is_none_or(|within| within.has(*number))
        });
        seen.map(|(_, place)| place)
    }

    /// A place, where it is there and seen.
    pub(crate) fn place(&self, place: &Place) -> Option<&'a PlaceRow> {
        let row = self.index.places.get(place).filter(|row| !row.removed)?;
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
        seen.map(|(_, (place, row))| (place, row.name.as_str()))
    }

    /// Whether a place is there and seen.
    pub fn has(&self, place: &Place) -> bool {
        self.place(place).is_some()
    }
}

/// Which places are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceFilter {
    /// Only those of which a name contains this text, without regard to case: any tag of an image.
    pub search: Option<String>,
    /// Only those whose operating system's name contains this text, without regard to case.
    pub os: Option<String>,
}

/// A filter that was held against the texts of an index.
pub(crate) struct ReadyFilter {
    search: Option<(String, Vec<bool>)>,
    os: Option<Vec<bool>>,
}

impl PlaceFilter {
    pub(crate) fn ready(&self, index: &EstateIndex) -> ReadyFilter {
        let all = |wanted: &str, of: Option<Part>| -> Vec<bool> {
            let texts = index.texts.iter();
            let has = texts.map(|(kind, text)| *kind == of && contains(text, wanted));
            has.collect()
        };
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        let search = lower(&self.search).map(|text| {
            let names = all(&text, Some(Part::Image));
            (text, names)
        });
        ReadyFilter {
            search,
            os: lower(&self.os).map(|text| all(&text, None)),
        }
    }
}

impl ReadyFilter {
    pub(crate) fn wants(&self, row: &PlaceRow) -> bool {
        let any = |wanted: &[bool]| {
            let mut texts = row.texts.iter();
            texts.any(|number| wanted.get(*number as usize) == Some(&true))
        };
        let is_named =
            |(text, names): &(String, Vec<bool>)| contains(&row.name, text) || any(names);
        self.search.as_ref().is_none_or(is_named) && self.os.as_ref().is_none_or(|os| any(os))
    }
}

/// Whether a text contains another in lower case.
fn contains(text: &str, lower: &str) -> bool {
    text.to_lowercase().contains(lower)
}
