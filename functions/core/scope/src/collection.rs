//! Collections as they are evaluated, and scopes: unions of them.

use std::sync::Arc;

use schemas::collection::CollectionParts;

use crate::{
    ImageName,
    pattern::Pattern,
    resource::{Part, Resource},
};

/// Most patterns of a part.
pub const MAX_PATTERNS: usize = 200;
/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;

/// Why patterns are no collection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCollection {
    /// A part has too many patterns.
    #[error("`{part}` has {count} patterns, and at most {MAX_PATTERNS} are allowed")]
    TooMany {
        /// The part.
        part: &'static str,
        /// How many it has.
        count: usize,
    },
    /// A pattern is too long.
    #[error(
        "pattern {number} of `{part}` has {bytes} bytes, and at most {MAX_PATTERN_BYTES} are allowed"
    )]
    TooLong {
        /// The part.
        part: &'static str,
        /// Which of its patterns, from 1.
        number: usize,
        /// How long it is.
        bytes: usize,
    },
    /// A pattern is empty, or has white space at its ends or control characters: it would fit nothing.
    #[error(
        "pattern {number} of `{part}` is empty or has white space at an end or a control character: leave it out"
    )]
    Empty {
        /// The part.
        part: &'static str,
        /// Which of its patterns, from 1.
        number: usize,
    },
}

/// Patterns by part, ready to be held against resources.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Collection {
    /// The parts that say anything, as bits.
    wanted: u8,
    patterns: Vec<(Part, Pattern)>,
}

impl Collection {
    /// Reads a collection.
    ///
    /// # Errors
    /// Says which part has too many patterns, and which pattern cannot be one.
    pub fn read(parts: &CollectionParts) -> Result<Self, InvalidCollection> {
        let all = [
            (Part::Image, "images", &parts.images),
            (Part::Namespace, "namespaces", &parts.namespaces),
            (Part::Host, "hosts", &parts.hosts),
            (Part::Label, "labels", &parts.labels),
            (Part::Account, "accounts", &parts.accounts),
        ];
        let mut wanted = 0;
        let mut patterns = Vec::new();
        for (part, name, texts) in all {
            let count = texts.len();
            if count > MAX_PATTERNS {
                return Err(InvalidCollection::TooMany { part: name, count });
            }
            for (text, number) in texts.iter().zip(1..) {
                if text.len() > MAX_PATTERN_BYTES {
                    let bytes = text.len();
                    return Err(InvalidCollection::TooLong {
                        part: name,
                        number,
                        bytes,
                    });
                }
                if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
                    return Err(InvalidCollection::Empty { part: name, number });
                }
                wanted |= part.bit();
                patterns.extend(patterns_of(part, text).map(|text| (part, Pattern::new(text))));
            }
        }
        Ok(Self { wanted, patterns })
    }

    /// The parts that a text of a part is enough for, as bits that [`Self::is_met_by`] takes: one or none.
    #[must_use]
    pub fn met(&self, part: Part, text: &str) -> u8 {
        let fits = |(of, pattern): &(Part, Pattern)| *of == part && pattern.fits(text);
        if self.wanted & part.bit() != 0 && self.patterns.iter().any(fits) {
            part.bit()
        } else {
            0
        }
    }

    /// Whether parts that are met, taken together, are all that it wants.
    #[must_use]
    pub const fn is_met_by(&self, met: u8) -> bool {
        met & self.wanted == self.wanted
    }

    /// Whether a resource is in it.
    #[must_use]
    pub fn includes(&self, resource: &Resource) -> bool {
        let met = resource.texts();
        self.is_met_by(met.fold(0, |met, (part, text)| met | self.met(part, text)))
    }

    /// Whether every resource of the other is in this one, too, as far as that shows in how they are written.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        Part::ALL.into_iter().all(|part| {
            let of = |collection: &Self| -> Vec<Pattern> {
                let all = collection.patterns.iter();
                let of_part = all.filter(|(of, _)| *of == part);
                of_part.map(|(_, pattern)| pattern.clone()).collect()
            };
            let (mine, theirs) = (of(self), of(other));
            // A part that says nothing of the other lets everything through.
            let is_narrow = |theirs: &Pattern| mine.iter().any(|mine| mine.covers(theirs));
            mine.is_empty() || (!theirs.is_empty() && theirs.iter().all(is_narrow))
        })
    }

    /// Its patterns as they were understood.
    pub fn patterns(&self) -> impl Iterator<Item = (Part, &str)> {
        self.patterns.iter().map(|(part, p)| (*part, p.as_str()))
    }
}

/// The patterns that a text stands for.
fn patterns_of(part: Part, text: &str) -> impl Iterator<Item = String> + use<> {
    let first = match part {
        Part::Image => image_pattern(text),
        Part::Namespace | Part::Host | Part::Account => text.to_lowercase(),
        Part::Label if text.contains(['=', '*']) => text.to_owned(),
        Part::Label => format!("{text}=*"),
    };
    let mut all = vec![first];
    if part == Part::Image
        && let Some(name) = all.first().cloned()
    {
        let whole = ImageName::read(&name);
        if whole.tag.is_none() && whole.digest.is_none() && !name.ends_with('*') {
            all = vec![format!("{name}:*"), format!("{name}@*")];
        }
    }
    all.into_iter()
}

/// A pattern of images' names with what may be left out. One whose first part may stand for any host is taken as it is.
fn image_pattern(text: &str) -> String {
    let is_open = match text.split_once('/') {
        Some((first, _)) => first.contains('*'),
        None => text.starts_with('*'),
    };
    if is_open {
        text.to_owned()
    } else {
        ImageName::read(text).to_string()
    }
}

/// What somebody may see and touch: everything, or what any of some collections has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// `None` for everything.
    within: Option<Arc<[Collection]>>,
}

impl Scope {
    /// The whole tenant.
    #[must_use]
    pub const fn everything() -> Self {
        Self { within: None }
    }

    /// What any of these has; of no collections, nothing.
    #[must_use]
    pub fn union(collections: impl IntoIterator<Item = Collection>) -> Self {
        Self {
            within: Some(collections.into_iter().collect()),
        }
    }

    /// The collections; `None` for everything.
    #[must_use]
    pub fn collections(&self) -> Option<&[Collection]> {
        self.within.as_deref()
    }

    /// Whether it is the whole tenant.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.within.is_none()
    }

    /// Whether a resource is within it.
    #[must_use]
    pub fn includes(&self, resource: &Resource) -> bool {
        self.within
            .as_ref()
            .is_none_or(|within| within.iter().any(|one| one.includes(resource)))
    }

    /// Whether it reaches as far as a collection: whether one of its own covers it. Two that do so only together are not
    /// seen through, so that a `true` is always right.
    #[must_use]
    pub fn covers(&self, collection: &Collection) -> bool {
        self.within
            .as_ref()
            .is_none_or(|within| within.iter().any(|one| one.covers(collection)))
    }
}
