//! Python's order: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`.
//!
//! Source: PEP 440 (the packaging.python.org version specifiers), its appendix B for the accepted
//! spellings. Release numbers are padded with zeros; `.devN` alone sorts below any pre-release, a
//! pre-release below the release, `.postN` above it; a local version above the same without, its
//! segments from the left, numbers above text.
//!
//! What PEP 440 does not accept sorts below everything that it does, among itself by the rule that
//! setuptools had before it: runs of digits and letters, `dev` lowest, `pre`, `preview` and `rc` as
//! `c`, zeros before a word dropped.

use std::cmp::Ordering;
use std::iter::repeat_n;

use super::{cmp_digits, is_number, split_digits, split_run, tail};

/// Orders two Python versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    match (Pep440::parse(a), Pep440::parse(b)) {
        (Some(a), Some(b)) => a.order(&b),
        (None, None) => order_legacy(a.as_bytes(), b.as_bytes()),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Whether PEP 440 accepts the version.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    Pep440::parse(version)
        .map(|_| ())
        .ok_or("does not follow PEP 440")
}

/// A version taken apart; numbers are digits of any length, an implicit one is empty.
struct Pep440<'a> {
    epoch: &'a [u8],
    /// Numbers with dots between.
    release: &'a [u8],
    pre: Option<(Phase, &'a [u8])>,
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// Spellings of the phases; a longer word stands before its own beginning.
const PHASES: [(&[u8], Phase); 8] = [
    (b"alpha", Phase::Alpha),
    (b"a", Phase::Alpha),
    (b"beta", Phase::Beta),
    (b"b", Phase::Beta),
    (b"preview", Phase::Candidate),
    (b"pre", Phase::Candidate),
    (b"c", Phase::Candidate),
    (b"rc", Phase::Candidate),
];
/// Spellings of a post-release.
const POSTS: [(&[u8], ()); 3] = [(b"post", ()), (b"rev", ()), (b"r", ())];
/// Spelling of a development release.
const DEVS: [(&[u8], ()); 1] = [(b"dev", ())];

impl<'a> Pep440<'a> {
    /// Takes a version apart; `None` when PEP 440 does not accept it.
    fn parse(version: &'a str) -> Option<Self> {
        let text = version.trim_ascii().as_bytes();
        let text = match text.first() {
            Some(b'v' | b'V') => tail(text),
            _ => text,
        };
        let (epoch, text) = match split_digits(text) {
            (digits, [b'!', rest @ ..]) if !digits.is_empty() => (digits, rest),
            _ => (&[][..], text),
        };
        let (release, rest) = split_release(text)?;
        let (pre, rest) = split_word(rest, &PHASES);
        let (post, rest) = match rest.strip_prefix(b"-").map(split_digits) {
            Some((digits, after)) if !digits.is_empty() => (Some(digits), after),
            _ => {
                let (post, rest) = split_word(rest, &POSTS);
                (post.map(|((), digits)| digits), rest)
            }
        };
        let (dev, rest) = split_word(rest, &DEVS);
        let local = match rest {
            [] => None,
            [b'+', local @ ..] if is_local(local) => Some(local),
            _ => return None,
        };
        Some(Self {
            epoch,
            release,
            pre,
            post,
            dev: dev.map(|((), digits)| digits),
            local,
        })
    }

    fn order(&self, other: &Self) -> Ordering {
        cmp_digits(self.epoch, other.epoch)
            .then_with(|| order_release(self.release, other.release))
            .then_with(|| self.pre_rank().cmp(&other.pre_rank()))
            .then_with(|| match (self.pre, other.pre) {
                (Some((_, a)), Some((_, b))) => cmp_digits(a, b),
                _ => Ordering::Equal,
            })
            .then_with(|| match (self.post, other.post) {
                (Some(a), Some(b)) => cmp_digits(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
            .then_with(|| match (self.dev, other.dev) {
                (Some(a), Some(b)) => cmp_digits(a, b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            })
            .then_with(|| match (self.local, other.local) {
                (Some(a), Some(b)) => order_local(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
    }

    /// Place of the version among the pre-releases of its release.
    fn pre_rank(&self) -> u8 {
        match (self.pre, self.post, self.dev) {
            (None, None, Some(_)) => 0,
            (Some((Phase::Alpha, _)), ..) => 1,
            (Some((Phase::Beta, _)), ..) => 2,
            (Some((Phase::Candidate, _)), ..) => 3,
            (None, ..) => 4,
        }
    }
}

fn is_separator(c: u8) -> bool {
    matches!(c, b'.' | b'-' | b'_')
}

/// Splits off `N(.N)*`.
fn split_release(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = split_digits(text).1;
    if rest.len() == text.len() {
        return None;
    }
    while let Some(after) = rest.strip_prefix(b".") {
        let (digits, after) = split_digits(after);
        if digits.is_empty() {
            break;
        }
        rest = after;
    }
    text.split_at_checked(text.len() - rest.len())
}

/// Splits off `[sep]word[sep][N]` for the first of `words` that stands here, in any case.
fn split_word<'a, T: Copy>(
    text: &'a [u8],
    words: &[(&[u8], T)],
) -> (Option<(T, &'a [u8])>, &'a [u8]) {
    let word_at = skip_separator(text);
    for &(word, meaning) in words {
        if let Some((start, rest)) = word_at.split_at_checked(word.len())
            && start.eq_ignore_ascii_case(word)
        {
            let (digits, rest) = split_digits(skip_separator(rest));
            return (Some((meaning, digits)), rest);
        }
    }
    (None, text)
}

fn skip_separator(text: &[u8]) -> &[u8] {
    match text.first() {
        Some(&c) if is_separator(c) => tail(text),
        _ => text,
    }
}

fn is_local(local: &[u8]) -> bool {
    local
        .split(|&c| is_separator(c))
        .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
}

/// Orders two lists of numbers, the shorter one padded with zeros.
fn order_release(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let ((x, after_x), (y, after_y)) = (split_digits(a), split_digits(b));
        let order = cmp_digits(x, y);
        if order.is_ne() {
            return order;
        }
        (a, b) = (tail(after_x), tail(after_y));
    }
    Ordering::Equal
}

fn order_local(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|&c| is_separator(c)), b.split(|&c| is_separator(c)));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => match (is_number(x), is_number(y)) {
                (true, true) => cmp_digits(x, y),
                (false, false) => order_lower(x, y),
                (x, y) => x.cmp(&y),
            },
            (x, y) => x.is_some().cmp(&y.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn order_lower(a: &[u8], b: &[u8]) -> Ordering {
    a.iter()
        .map(u8::to_ascii_lowercase)
        .cmp(b.iter().map(u8::to_ascii_lowercase))
}

/// One part of a version from before PEP 440.
enum Part<'a> {
    Number(&'a [u8]),
    Word(&'a [u8]),
}

impl Part<'_> {
    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(digits) if digits.len() <= PADDED && cmp_digits(digits, b"").is_eq())
    }

    fn order(&self, other: &Self) -> Ordering {
        let padded = |digits: &'_ [u8]| repeat_n(b'0', PADDED.saturating_sub(digits.len()));
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => {
                // Numbers were padded and then compared as text, so longer ones do not always win.
                let (a, b) = (
                    padded(a).chain(a.iter().copied()),
                    padded(b).chain(b.iter().copied()),
                );
                a.cmp(b)
            }
            (Self::Word(a), Self::Word(b)) => order_lower(a, b),
            (Self::Word(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Word(_)) => Ordering::Greater,
        }
    }
}

/// Digits to which a number of an old version is padded.
const PADDED: usize = 8;
/// The word that ends every old version; those before it are pre-releases.
const FINAL: &[u8] = b"final";
/// What a hyphen stands for.
const HYPHEN: &[u8] = b"final-";

fn order_legacy(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (legacy_parts(a), legacy_parts(b));
    for (x, y) in a.iter().zip(&b) {
        let order = x.order(y);
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn legacy_parts(mut text: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let Some(&first) = text.first() {
        let (piece, rest) = match first {
            b'.' | b'-' => text.split_at(1),
            _ => {
                let kind = legacy_kind(first);
                split_run(text, |c| legacy_kind(c) == kind)
            }
        };
        text = rest;
        match first {
            b'.' => {}
            b'0'..=b'9' => parts.push(Part::Number(piece)),
            _ => push_word(&mut parts, legacy_word(piece)),
        }
    }
    push_word(&mut parts, FINAL);
    parts
}

/// Kind of a byte: runs of one kind are one part.
fn legacy_kind(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => 0,
        b'a'..=b'z' | b'A'..=b'Z' => 1,
        b'.' | b'-' => 2,
        _ => 3,
    }
}

fn legacy_word(word: &[u8]) -> &[u8] {
    let is = |other: &[u8]| word.eq_ignore_ascii_case(other);
    if is(b"pre") || is(b"preview") || is(b"rc") {
        b"c"
    } else if is(b"dev") {
        b"@"
    } else if is(b"-") {
        HYPHEN
    } else {
        word
    }
}

fn push_word<'a>(parts: &mut Vec<Part<'a>>, word: &'a [u8]) {
    if order_lower(word, FINAL).is_lt() {
        while matches!(parts.last(), Some(Part::Word(last)) if *last == HYPHEN) {
            parts.pop();
        }
    }
    while parts.last().is_some_and(Part::is_zero) {
        parts.pop();
    }
    parts.push(Part::Word(word));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(versions: &[&str]) {
        for (index, low) in versions.iter().enumerate() {
            for high in versions.iter().skip(index + 1) {
                assert_eq!(order(low, high), Ordering::Less, "{low} {high}");
            }
        }
    }

    #[test]
    fn the_stages_of_one_release() {
        ascending(&[
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.1.dev1",
            "1!0.1",
        ]);
    }

    #[test]
    fn spellings_of_the_same_version() {
        for (a, b) in [
            ("1.0", "v1.0.0"),
            ("1.0ALPHA1", "1.0a1"),
            ("1.0-beta.2", "1.0b2"),
            ("1.0c1", "1.0rc1"),
            ("1.0.preview-3", "1.0rc3"),
            ("1.0-1", "1.0.post1"),
            ("1.0-r4", "1.0.rev4"),
            ("1.0a", "1.0a0"),
            ("1.0_dev", "1.0.dev0"),
            ("1.0+ubuntu-1", "1.0+Ubuntu.01"),
            ("0!1", "1"),
            ("1.0a.", "1.0a0"),
            ("1.0.a.post.dev", "1.0a0.post0.dev0"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn old_versions_below_all_others_and_by_their_own_rule() {
        ascending(&[
            "1.0-x-dev",
            "1.0-x-rc1",
            "1.0-x",
            "1.0-x-y",
            "2.0-x",
            "0.0.dev0",
        ]);
        ascending(&["foo", "foo.1", "0"]);
        ascending(&["", "0"]);
    }

    #[test]
    fn malformed_versions_are_named() {
        for version in [
            "", "a", "1..0", "1.0-", "1.0+", "1.0+a..b", "1.0a1b1", "1.0+é", "!1", "1.0-1-2",
        ] {
            assert!(check(version).is_err(), "{version}");
        }
    }
}
