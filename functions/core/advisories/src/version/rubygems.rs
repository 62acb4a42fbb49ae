//! RubyGems' order: runs of digits and runs of letters.
//!
//! Source: the documentation of `Gem::Version` (class overview and `<=>`) and the answers of RubyGems 3.
//! Everything but ASCII letters and digits separates; a hyphen is `.pre.`. Numbers before the first
//! letters and segments after them each lose their trailing zeros. What remains compares from the left,
//! an absent segment being 0: numbers by value, letters by byte and below every number. So a version with
//! letters in it is a pre-release.

use std::cmp::Ordering;

use super::{cmp_digits, split_run};

/// Orders two gem versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Segments::of(a), Segments::of(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => {
                let absent = Segment::Number(b"");
                x.unwrap_or(absent).order(y.unwrap_or(absent))
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Whether RubyGems accepts the version: `Gem::Version::VERSION_PATTERN`.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    let (release, label) = match version.split_once('-') {
        Some((release, label)) => (release, Some(label)),
        None => (version, None),
    };
    let mut parts = release.split('.');
    if !parts
        .next()
        .is_some_and(|part| super::is_number(part.as_bytes()))
    {
        return Err("does not begin with a number");
    }
    let word = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric());
    let label_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    if !parts.all(word) || !label.is_none_or(|label| label.split('.').all(label_word)) {
        return Err("has a segment that is not letters and digits");
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Letters(&'a [u8]),
    Number(&'a [u8]),
}

impl Segment<'_> {
    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Letters(a), Self::Letters(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => cmp_digits(a, b),
            (Self::Letters(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Letters(_)) => Ordering::Greater,
        }
    }

    fn is_zero(self) -> bool {
        matches!(self, Self::Number(digits) if digits.iter().all(|&digit| digit == b'0'))
    }
}

/// The segments that count. Zeros are held back until something follows that makes them count: trailing zeros compare
/// as absent ones do, so only those before the first letters need to be forgotten.
struct Segments<'a> {
    rest: &'a [u8],
    letters_seen: bool,
    zeros: usize,
    after: Option<Segment<'a>>,
}

impl<'a> Segments<'a> {
    fn of(version: &'a str) -> Self {
        Self {
            rest: version.as_bytes(),
            letters_seen: false,
            zeros: 0,
            after: None,
        }
    }

    fn raw(&mut self) -> Option<Segment<'a>> {
        let (skipped, rest) = split_run(self.rest, |c| !c.is_ascii_alphanumeric());
        let digits = rest.first()?.is_ascii_digit();
        // A hyphen stands for the letters `pre` between dots.
        if let Some(at) = skipped.iter().position(|&c| c == b'-') {
            self.rest = self.rest.get(at + 1..).unwrap_or_default();
            return Some(Segment::Letters(b"pre"));
        }
        let (segment, rest) = split_run(rest, |c| {
            c.is_ascii_alphanumeric() && c.is_ascii_digit() == digits
        });
        self.rest = rest;
        Some(if digits {
            Segment::Number(segment)
        } else {
            Segment::Letters(segment)
        })
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        while self.after.is_none() {
            let segment = self.raw()?;
            if segment.is_zero() {
                self.zeros += 1;
                continue;
            }
            if matches!(segment, Segment::Letters(_)) && !self.letters_seen {
                self.letters_seen = true;
                self.zeros = 0;
            }
            self.after = Some(segment);
        }
        if self.zeros > 0 {
            self.zeros -= 1;
            return Some(Segment::Number(b""));
        }
        self.after.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(versions: &[&str]) {
        for pair in versions.windows(2) {
            assert_eq!(order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn letters_make_a_pre_release() {
        ascending(&[
            "0.9",
            "1.0.a",
            "1.0.a.2",
            "1.0.b1",
            "1.0.0.rc1",
            "1.0.rc.2",
            "1",
            "1.0.0.1",
            "1.0.10",
            "1.1.0.pre",
            "1.1",
        ]);
        ascending(&[
            "7.0.0.alpha2",
            "7.0.0.beta1",
            "7.0.0.rc1",
            "7.0.0",
            "7.0.8.7",
        ]);
        // A hyphen begins a pre-release, even before a number.
        ascending(&["1.0-1", "1.0", "1.0.1-x86", "1.0.1"]);
    }

    #[test]
    fn zeros_before_letters_and_at_the_end_do_not_count() {
        for (a, b) in [
            ("1", "1.0.0"),
            ("1.0.a2", "1.a.2.0"),
            ("", "0"),
            ("1-2", "1.pre.2"),
            ("1..2", "1.2"),
            ("01.02", "1.2"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
        ascending(&["1.a.0.b", "1.a", "1.a.0.1"]);
    }

    #[test]
    fn malformed_versions_are_named() {
        for version in ["a1", "1beta", "1..2", "1-", "1_2", ".1", "1.é"] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in ["1", "1.2.beta1", "1.0-x86-64.2", "2.0.0.rc.1"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }
}
