//! apk's order: `number{.number}[letter]{_suffix[number]}[~hash][-rN]`.
//!
//! Source: apk-package(5) and the observable behaviour of `apk version -t` of apk-tools 3. A version
//! is a list of tokens. The first number compares by value; a later one too, unless either side
//! begins with `0`: then the two compare as text (`1.02` < `1.1`). Suffixes ascend `alpha beta pre
//! rc`, then no suffix, then `cvs svn git hg p`. When the two have different tokens at a place, a
//! pre-release suffix is lowest, then, ascending: something invalid, the end, `-rN`, `~hash`, the
//! number of a suffix, a later suffix, a letter, a number. So `1.0` < `1.0-r0` and `1.0_rc1` < `1.0`.
//!
//! Where a string stops being a version, its rest is one invalid token. Two such rests compare by
//! their text, runs of digits by value; all rests that begin with `-` are equal, for apk does not
//! order them. `-r` without a number is `-r0` at the end of the text and before another hyphen.
//! Unlike apk, numbers above 64 bits do not wrap.

use std::cmp::Ordering;

use super::{cmp_digits, split_digits, split_run, tail};

/// Suffixes in ascending order; those before [`NO_SUFFIX`] are of versions before the release.
const SUFFIXES: [&[u8]; 9] = [
    b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p",
];
/// Index of the first suffix of [`SUFFIXES`] that sorts after the version without a suffix.
const NO_SUFFIX: usize = 4;

/// Kinds of token, in the order in which they may follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    FirstNumber,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

#[derive(Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    /// Digits, letter or hash; the whole rest for an invalid token.
    text: &'a [u8],
    /// Index into [`SUFFIXES`] of a suffix token, else 0.
    suffix: usize,
}

impl Token<'_> {
    fn is_prerelease(&self) -> bool {
        self.kind == Kind::Suffix && self.suffix < NO_SUFFIX
    }

    /// Orders two tokens of one kind.
    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.text, other.text);
        match self.kind {
            Kind::Number if a.starts_with(b"0") || b.starts_with(b"0") => a.cmp(b),
            Kind::FirstNumber | Kind::Number | Kind::SuffixNumber | Kind::Revision => {
                cmp_digits(a, b)
            }
            Kind::Letter | Kind::Hash => a.cmp(b),
            Kind::Suffix => self.suffix.cmp(&other.suffix),
            Kind::End => Ordering::Equal,
            Kind::Invalid => order_rests(a, b),
        }
    }
}

/// The tokens of one version.
struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Tokens<'a> {
    fn of(version: &'a str) -> Self {
        Self {
            rest: version.as_bytes(),
            last: None,
        }
    }

    /// The next token; [`Kind::End`] or [`Kind::Invalid`] is the last one.
    fn next(&mut self) -> Token<'a> {
        let token = match self.read() {
            Some((token, rest)) => {
                self.rest = rest;
                token
            }
            None => Token {
                kind: Kind::Invalid,
                text: self.rest,
                suffix: 0,
            },
        };
        self.last = Some(token.kind);
        token
    }

    /// Reads one token that may stand here, with what follows it.
    fn read(&self) -> Option<(Token<'a>, &'a [u8])> {
        let found = |kind, (text, rest)| {
            Some((
                Token {
                    kind,
                    text,
                    suffix: 0,
                },
                rest,
            ))
        };
        let number = |kind, text| {
            let (digits, rest) = split_digits(text);
            if digits.is_empty() {
                None
            } else {
                found(kind, (digits, rest))
            }
        };
        let Some(last) = self.last else {
            return number(Kind::FirstNumber, self.rest);
        };
        let after = tail(self.rest);
        match *self.rest.first().unwrap_or(&0) {
            _ if self.rest.is_empty() => found(Kind::End, (self.rest, self.rest)),
            b'a'..=b'z' if last <= Kind::Number => found(Kind::Letter, self.rest.split_at(1)),
            b'.' if last <= Kind::Number => number(Kind::Number, after),
            b'0'..=b'9' if last == Kind::Suffix => number(Kind::SuffixNumber, self.rest),
            b'_' if last <= Kind::SuffixNumber => {
                let (name, rest) = split_run(after, |c| c.is_ascii_lowercase());
                let suffix = SUFFIXES.iter().position(|known| *known == name)?;
                Some((
                    Token {
                        kind: Kind::Suffix,
                        text: name,
                        suffix,
                    },
                    rest,
                ))
            }
            b'~' if last < Kind::Hash => {
                let (hash, rest) = split_run(after, |c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
                if hash.is_empty() {
                    None
                } else {
                    found(Kind::Hash, (hash, rest))
                }
            }
            b'-' if last < Kind::Revision => {
                let (digits, rest) = split_digits(after.strip_prefix(b"r")?);
                if digits.is_empty() && !matches!(rest.first(), None | Some(b'-')) {
                    return None;
                }
                found(Kind::Revision, (digits, rest))
            }
            _ => None,
        }
    }
}

/// Orders two Alpine versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Tokens::of(a), Tokens::of(b));
    loop {
        let (x, y) = (a.next(), b.next());
        if x.kind != y.kind {
            // The later a kind may stand, the less it adds to a version.
            return y
                .is_prerelease()
                .cmp(&x.is_prerelease())
                .then(y.kind.cmp(&x.kind));
        }
        let order = x.order(&y);
        if order.is_ne() || x.kind >= Kind::End {
            return order;
        }
    }
}

/// Orders what is left of two strings where both stop being versions.
fn order_rests(mut a: &[u8], mut b: &[u8]) -> Ordering {
    if a.starts_with(b"-") && b.starts_with(b"-") {
        return Ordering::Equal;
    }
    loop {
        let order = match (a.first(), b.first()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let ((x, after_x), (y, after_y)) = (split_digits(a), split_digits(b));
                (a, b) = (after_x, after_y);
                cmp_digits(x, y)
            }
            (None, None) => return Ordering::Equal,
            (x, y) => {
                (a, b) = (tail(a), tail(b));
                x.cmp(&y)
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Whether apk accepts the version.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    let mut tokens = Tokens::of(version);
    loop {
        let token = tokens.next();
        match token.kind {
            Kind::End => return Ok(()),
            Kind::FirstNumber
            | Kind::Number
            | Kind::Letter
            | Kind::Suffix
            | Kind::SuffixNumber
            | Kind::Hash => {}
            Kind::Revision if token.text.is_empty() => {
                return Err("has a revision without a number");
            }
            Kind::Revision => {}
            Kind::Invalid if tokens.rest.len() == version.len() => {
                return Err("does not start with a number");
            }
            Kind::Invalid => return Err("goes on where the grammar ends"),
        }
    }
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
    fn what_follows_a_number_in_ascending_order() {
        ascending(&[
            "1.2_alpha",
            "1.2_alpha1",
            "1.2_beta",
            "1.2_pre2",
            "1.2_rc",
            "1.2_rc1",
            "1.2",
            "1.2-r0",
            "1.2-r1",
            "1.2~0ab",
            "1.2~ff",
            "1.2_cvs",
            "1.2_svn",
            "1.2_git20240101",
            "1.2_hg",
            "1.2_p1",
            "1.2_p1-r2",
            "1.2_p10",
            "1.2a",
            "1.2b",
            "1.2.0",
            "1.2.1",
        ]);
    }

    #[test]
    fn later_numbers_with_a_leading_zero_compare_as_text() {
        ascending(&["1.0", "1.00", "1.01", "1.010", "1.02", "1.1", "1.9", "1.10"]);
        ascending(&["8.2.0015", "8.2.002"]);
        assert_eq!(order("013", "13"), Ordering::Equal);
    }

    #[test]
    fn a_chain_of_suffixes() {
        ascending(&[
            "1_alpha_pre2",
            "1_alpha",
            "1_alpha_p1",
            "1",
            "1_p1_pre1",
            "1_p1",
            "1_p1_p1",
        ]);
    }

    #[test]
    fn an_invalid_rest_sorts_below_the_version_before_it() {
        ascending(&["1.0_rc1", "1.0_blah", "1.0"]);
        ascending(&["6.6.2p2", "6.6.2p10", "6.6.2p"]);
        assert_eq!(order("1-r0-x", "1-r0-y"), Ordering::Equal);
        assert_eq!(order("1-r", "1-r0"), Ordering::Equal);
    }

    #[test]
    fn malformed_versions_are_named() {
        for version in [
            "a", ".1", "1.", "1..2", "1A", "1ab", "1_foo", "1-1", "1-r", "1~", "1-r1-r2", "1a.2",
        ] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in ["1", "1.2.3a_git20240101_p1~0af-r12", "0_p1", "2.12.7-r0"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }
}
