//! Composer's order: that of PHP's `version_compare`, with Composer's reading of words.
//!
//! Source: PHP manual, `version_compare`; Composer's documentation of versions, "Stability". A leading `v` is
//! dropped. Everything but letters and digits separates, and so does a change between letters and digits. Parts
//! compare from the left: any other word < `dev` < `alpha` = `a` < `beta` = `b` < `rc` < nothing more < a number
//! < `pl` = `p`, where a word counts by its beginning; numbers by value. So `1.0` is below `1.0.0`, as PHP has it.
//! As Composer does, words are read without regard to case, and `stable` says nothing.
//!
//! `#` stands for any number (PHP's own placeholder) and so equals both nothing and every number, which no total
//! order can. Only texts with it are outside the order; [`order_total`] puts it between the two.

use std::cmp::Ordering;

use super::{cmp_digits, split_run};

/// Orders two Composer versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    walk(a, b, |x, y| match (x, y) {
        (Part::Any, Part::Any | Part::End | Part::Number(_))
        | (Part::End | Part::Number(_), Part::Any) => Ordering::Equal,
        _ => x.order(y),
    })
}

/// The same for texts without `#`, and total for those with it too: what sorting needs.
#[must_use]
pub fn order_total(a: &str, b: &str) -> Ordering {
    walk(a, b, |x, y| x.order(y))
}

fn walk(a: &str, b: &str, order: impl Fn(Part<'_>, Part<'_>) -> Ordering) -> Ordering {
    let (mut a, mut b) = (Parts::of(a), Parts::of(b));
    match (a.rest.is_empty(), b.rest.is_empty()) {
        (false, false) => {}
        (a, b) => return b.cmp(&a),
    }
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => order(x.unwrap_or(Part::End), y.unwrap_or(Part::End)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Whether Composer accepts the version: up to four numbers with a stability, or a branch.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    let text = without_v(version.as_bytes());
    if text.iter().any(|c| !c.is_ascii_graphic()) {
        return Err("has a character that no Composer version may have");
    }
    let branch = text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"dev-"));
    if !branch && !text.first().is_some_and(u8::is_ascii_digit) {
        return Err("does not begin with a number and is no branch");
    }
    Ok(())
}

/// One part, in the order of the variants.
#[derive(Clone, Copy)]
enum Part<'a> {
    Word(u8),
    End,
    /// `#`.
    Any,
    Number(&'a [u8]),
    Patch,
}

impl Part<'_> {
    fn rank(self) -> u8 {
        match self {
            Self::Word(rank) => rank,
            Self::End => 5,
            Self::Any => 6,
            Self::Number(_) => 7,
            Self::Patch => 8,
        }
    }

    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => cmp_digits(a, b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// What a word means by its beginning; none for one that says nothing.
fn word(text: &[u8]) -> Option<Part<'static>> {
    let begins = |with: &[u8]| {
        text.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    Some(match text {
        _ if text.eq_ignore_ascii_case(b"stable") => return None,
        _ if begins(b"dev") => Part::Word(1),
        _ if begins(b"a") => Part::Word(2),
        _ if begins(b"b") => Part::Word(3),
        _ if begins(b"rc") => Part::Word(4),
        _ if begins(b"p") => Part::Patch,
        _ => Part::Word(0),
    })
}

/// The text after a leading `v` when a number follows.
fn without_v(text: &[u8]) -> &[u8] {
    match text {
        [b'v' | b'V', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => rest,
        _ => text,
    }
}

struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        Self {
            rest: without_v(version.as_bytes()),
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        loop {
            let text = split_run(self.rest, |c| !c.is_ascii_alphanumeric() && c != b'#').1;
            let first = *text.first()?;
            if first == b'#' {
                self.rest = super::tail(text);
                return Some(Part::Any);
            }
            let digits = first.is_ascii_digit();
            let (part, rest) = split_run(text, |c| {
                c.is_ascii_alphanumeric() && c.is_ascii_digit() == digits
            });
            self.rest = rest;
            if digits {
                return Some(Part::Number(part));
            }
            if let Some(part) = word(part) {
                return Some(part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(versions: &[&str]) {
        for pair in versions.windows(2) {
            assert_eq!(order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(order_total(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn stabilities_stand_around_the_release() {
        ascending(&[
            "1.0-foo",
            "1.0-dev",
            "1.0-alpha",
            "1.0-ALPHA3",
            "v1.0b1",
            "1.0-beta.2",
            "1.0.RC1",
            "1.0-rc2",
            "1.0",
            "1.0.0-beta1",
            "1.0.0",
            "1.0.0-p1",
            "1.0.0-patch2",
            "1.0.10",
            "1.1",
            "10.0",
        ]);
        ascending(&["dev-master", "0.1"]);
        ascending(&["", "dev-master"]);
    }

    #[test]
    fn what_says_nothing_does_not_count() {
        for (a, b) in [
            ("v2.3.4", "2.3.4"),
            ("2.3.4-stable", "2.3.4"),
            ("1.0-b2", "1.0.0beta2"),
            ("1.0--1", "1.0.1"),
        ] {
            let expected = if a == "1.0-b2" {
                Ordering::Less
            } else {
                Ordering::Equal
            };
            assert_eq!(order(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn the_placeholder_is_like_any_number_and_sorts_in_one_place() {
        for other in ["1.2", "1.2.0", "1.2.7", "1.2.#"] {
            assert_eq!(order("1.2.#", other), Ordering::Equal, "{other}");
        }
        assert_eq!(order_total("1.2", "1.2.#"), Ordering::Less);
        assert_eq!(order_total("1.2.#", "1.2.0"), Ordering::Less);
    }

    #[test]
    fn malformed_versions_are_named() {
        for version in ["vendor", "", "1 .0", "é"] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in ["1", "v1.2.3.4-beta2", "dev-main", "2010.01.02"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }
}
