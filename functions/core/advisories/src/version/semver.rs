//! Semantic Versioning: `major.minor.patch[-prerelease][+build]`.
//!
//! Source: semver.org 2.0.0, items 9 to 11. Three numbers, then the pre-release: without one is
//! higher; dotted identifiers compare from the left, numbers by value, others as ASCII text, a number
//! below a text, a longer list above its own beginning. Build metadata does not count.
//!
//! Read loosely, as npm and Go modules write them: leading `v` and `=` are dropped; an absent number
//! is 0; `1.2.3beta` is `1.2.3-beta`; leading zeros do not count; numbers after the third count as
//! build metadata. Text where the first number should stand is all pre-release of `0.0.0`, so a
//! string that is no version sorts below every release.

use std::cmp::Ordering;

use super::{cmp_digits, is_number, split_digits, split_run, tail};

/// How many numbers count.
const NUMBERS: usize = 3;

/// Orders two semantic versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (Loose::of(a), Loose::of(b));
    a.order_numbers(&b, NUMBERS)
        .then_with(|| a.order_labels(&b, <[u8]>::cmp))
}

/// Orders two versions of Dart's Pub: as semantic versions, and among equals by their build metadata, which it orders
/// as it does pre-releases, but above a version without any. Source: the documentation of `pub_semver`, `Version`.
#[must_use]
pub fn order_with_build(a: &str, b: &str) -> Ordering {
    fn build(version: &str) -> &[u8] {
        tail(split_run(version.as_bytes(), |c| c != b'+').1)
    }
    order(a, b).then_with(|| order_identifiers(build(a), build(b), <[u8]>::cmp))
}

/// A version taken apart without judging it: also the form of NuGet.
pub(crate) struct Loose<'a> {
    /// Numbers with dots between.
    numbers: &'a [u8],
    /// The pre-release without its hyphen; empty for a release.
    label: &'a [u8],
}

impl<'a> Loose<'a> {
    pub(crate) fn of(version: &'a str) -> Self {
        let text = without_prefix(version.as_bytes());
        let (numbers, rest) = split_numbers(text);
        let rest = split_run(rest, |c| c == b'.').1;
        let label = split_run(rest, |c| c != b'+').0;
        Self {
            numbers,
            label: label.strip_prefix(b"-").unwrap_or(label),
        }
    }

    /// Orders the first `count` numbers; absent ones are 0.
    pub(crate) fn order_numbers(&self, other: &Self, count: usize) -> Ordering {
        let (mut a, mut b) = (self.numbers, other.numbers);
        for _ in 0..count {
            let ((x, after_x), (y, after_y)) = (split_digits(a), split_digits(b));
            let order = cmp_digits(x, y);
            if order.is_ne() {
                return order;
            }
            (a, b) = (tail(after_x), tail(after_y));
        }
        Ordering::Equal
    }

    /// Orders the pre-releases; `text` orders two identifiers that are not both numbers.
    pub(crate) fn order_labels(
        &self,
        other: &Self,
        text: impl Fn(&[u8], &[u8]) -> Ordering,
    ) -> Ordering {
        match (self.label.is_empty(), other.label.is_empty()) {
            (false, false) => order_identifiers(self.label, other.label, text),
            (a, b) => a.cmp(&b),
        }
    }
}

/// Orders dotted identifiers: numbers by value and below texts, a list above its own beginning. An empty list has none.
fn order_identifiers(a: &[u8], b: &[u8], text: impl Fn(&[u8], &[u8]) -> Ordering) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return b.is_empty().cmp(&a.is_empty());
    }
    let dot = |c: &u8| *c == b'.';
    let (mut a, mut b) = (a.split(dot), b.split(dot));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => match (is_number(x), is_number(y)) {
                (true, true) => cmp_digits(x, y),
                (false, false) => text(x, y),
                (x, y) => y.cmp(&x),
            },
            (x, y) => x.is_some().cmp(&y.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The text after a leading `v`, `V` or `=`, when a number follows; else the whole text.
fn without_prefix(text: &[u8]) -> &[u8] {
    let rest = split_run(text, |c| matches!(c, b'v' | b'V' | b'=' | b' ')).1;
    if rest.first().is_some_and(u8::is_ascii_digit) {
        rest
    } else {
        text
    }
}

/// Splits off numbers with single dots between.
fn split_numbers(text: &[u8]) -> (&[u8], &[u8]) {
    let mut end = split_digits(text).0.len();
    while end > 0 {
        let rest = text.get(end..).unwrap_or_default();
        let digits = match rest.strip_prefix(b".") {
            Some(rest) => split_digits(rest).0.len(),
            None => 0,
        };
        if digits == 0 {
            break;
        }
        end += 1 + digits;
    }
    text.split_at(end)
}

/// Whether the version obeys semver.org 2.0.0; a leading `v` is allowed.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    let text = version.strip_prefix('v').unwrap_or(version).as_bytes();
    let (numbers, rest) = split_numbers(text);
    if numbers.split(|c| *c == b'.').count() != NUMBERS {
        return Err("does not have three numbers");
    }
    if numbers.split(|c| *c == b'.').any(has_leading_zero) {
        return Err("has a number with a leading zero");
    }
    check_tail(rest)?;
    let label = split_run(rest, |c| c != b'+').0;
    if tail(label).split(|c| *c == b'.').any(has_leading_zero) {
        return Err("has a number with a leading zero");
    }
    Ok(())
}

/// Checks `[-label][+metadata]`: dotted identifiers of letters, digits and hyphens.
pub(crate) fn check_tail(rest: &[u8]) -> Result<(), &'static str> {
    let (label, metadata) = split_run(rest, |c| c != b'+');
    for (part, mark) in [(label, b'-'), (metadata, b'+')] {
        if part.is_empty() {
            continue;
        }
        let identifiers = part
            .strip_prefix(&[mark])
            .ok_or("goes on after its numbers without a hyphen")?;
        for identifier in identifiers.split(|c| *c == b'.') {
            if identifier.is_empty() {
                return Err("has an empty identifier");
            }
            if !identifier
                .iter()
                .all(|c| c.is_ascii_alphanumeric() || *c == b'-')
            {
                return Err("holds a character that is not allowed");
            }
        }
    }
    Ok(())
}

/// Checks that one to `max` dotted numbers begin the text; returns what follows them.
pub(crate) fn check_numbers(text: &[u8], max: usize) -> Result<&[u8], &'static str> {
    let (numbers, rest) = split_numbers(text);
    if numbers.is_empty() {
        return Err("does not start with a number");
    }
    if numbers.split(|c| *c == b'.').count() > max {
        return Err("has too many numbers");
    }
    Ok(rest)
}

fn has_leading_zero(number: &[u8]) -> bool {
    is_number(number) && number.len() > 1 && number.starts_with(b"0")
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
    fn the_example_of_the_specification() {
        ascending(&[
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
        ]);
    }

    #[test]
    fn go_pseudo_versions_by_their_time() {
        ascending(&[
            "v0.0.0-20220101000000-ff",
            "v0.0.0-20230101000000-00",
            "v0.0.0",
            "v0.1.0+incompatible",
        ]);
    }

    #[test]
    fn loose_forms_mean_what_npm_means() {
        for (a, b) in [
            ("=v1.2.3", "1.2.3"),
            ("1", "1.0.0"),
            ("1.2-rc", "1.2.0-rc"),
            ("1.2.3beta", "1.2.3-beta"),
            ("01.2.3", "1.2.3"),
            ("1.2.3+a", "1.2.3+b"),
            ("1.2.3.4", "1.2.3"),
            ("1.2.3-", "1.2.3"),
            ("1.2.3.4-rc", "1.2.3-rc"),
            ("1.2.", "1.2.0"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
        ascending(&["latest", "0.0.0", "1.x", "1.0.0"]);
    }

    #[test]
    fn malformed_versions_are_named() {
        for version in [
            "1.2",
            "1.2.3.4",
            "01.2.3",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3beta",
            "1.2.3-é",
            "x",
            "1.2.3+",
            "1.2.3-",
        ] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in [
            "1.2.3",
            "v0.0.0-20220101000000-abcdef",
            "1.0.0-0A.is.legal+001",
            "1.0.0--",
        ] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }
}
