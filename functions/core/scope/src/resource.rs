//! What of a resource collections look at.

use std::collections::BTreeSet;

use crate::ImageName;

/// Most texts of a resource that are looked at, of each part.
pub const MAX_TEXTS: usize = 1000;
/// Longest text that is looked at, in bytes: what is cut off could fit a pattern that the whole does not.
const MAX_TEXT_BYTES: usize = 1024;

/// The parts of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Names of images, whole: `docker.io/library/debian:12`.
    Image,
    /// Namespaces, in lower case.
    Namespace,
    /// Names of hosts, in lower case.
    Host,
    /// Labels, `KEY=VALUE`.
    Label,
    /// Accounts of a cloud, in lower case.
    Account,
}

impl Part {
    /// Every part, by its number.
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::Namespace,
        Self::Host,
        Self::Label,
        Self::Account,
    ];

    /// Its number, which is stored.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Image => 0,
            Self::Namespace => 1,
            Self::Host => 2,
            Self::Label => 3,
            Self::Account => 4,
        }
    }

    /// The part of a number; `None` for one of a later version.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.number() == number)
    }

    pub(crate) const fn bit(self) -> u8 {
        1 << self.number()
    }
}

/// What of a host, an image or anything else collections look at: texts by part, each once, as patterns are held against
/// them. Texts of more than 1 KiB and more than [`MAX_TEXTS`] of a part are left out, so that such a resource is within
/// fewer collections rather than more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource(BTreeSet<(Part, String)>);

impl Resource {
    /// A resource of which nothing is known yet: only a collection without patterns has it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It is an image of this name, with a tag or digest or without.
    #[must_use]
    pub fn image(self, name: &str) -> Self {
        self.with(Part::Image, ImageName::read(name).or_latest().to_string())
    }

    /// It is, or is on, a host of this name.
    #[must_use]
    pub fn host(self, name: &str) -> Self {
        self.with(Part::Host, name.to_lowercase())
    }

    /// It is in this namespace.
    #[must_use]
    pub fn namespace(self, name: &str) -> Self {
        self.with(Part::Namespace, name.to_lowercase())
    }

    /// It has this label.
    #[must_use]
    pub fn label(self, key: &str, value: &str) -> Self {
        self.with(Part::Label, format!("{key}={value}"))
    }

    /// It is in this account of a cloud.
    #[must_use]
    pub fn account(self, name: &str) -> Self {
        self.with(Part::Account, name.to_lowercase())
    }

    fn with(mut self, part: Part, text: String) -> Self {
        let has = self.0.iter().filter(|(known, _)| *known == part).count();
        if text.len() <= MAX_TEXT_BYTES && has < MAX_TEXTS {
            self.0.insert((part, text));
        }
        self
    }

    /// Its texts, by part.
    pub fn texts(&self) -> impl Iterator<Item = (Part, &str)> {
        self.0.iter().map(|(part, text)| (*part, text.as_str()))
    }

    /// What was stored of a resource's [`Self::texts`].
    #[must_use]
    pub fn stored(texts: impl IntoIterator<Item = (Part, String)>) -> Self {
        Self(texts.into_iter().collect())
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
