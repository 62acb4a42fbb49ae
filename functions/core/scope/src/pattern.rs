//! Patterns: literal texts with `*` between them.

/// A text in which each `*` stands for any characters or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern(String);

impl Pattern {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is of this pattern. Each literal is sought once, from left to right: no way back is ever taken, since
    /// the leftmost place leaves the most room for what follows.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == text;
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(mut left) = text
            .strip_prefix(first)
            .and_then(|text| text.strip_suffix(last))
        else {
            return false;
        };
        for literal in middle.split('*') {
            let Some((_, after)) = left.split_once(literal) else {
                return false;
            };
            left = after;
        }
        true
    }

    /// Whether every text of the other pattern is one of this, as far as that shows in how they are written. The other's
    /// `*` is taken for a character, which no literal has: only a `*` of this pattern can stand for it, and that stands for
    /// whatever the other's stands for, too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.fits(&other.0)
    }
}
