//! NuGet's order: `major[.minor[.patch[.revision]]][-label][+metadata]`.
//!
//! Source: the "Package versioning" page of the NuGet documentation and the default comparer of
//! NuGet.Versioning. Up to four numbers, absent ones 0; labels as in Semantic Versioning 2.0.0 but
//! without regard to case; metadata does not count.
//!
//! Strings that NuGet refuses are read as loosely as [`super::semver`] reads them: a leading `v` is
//! dropped, numbers after the fourth do not count, text in place of the first number is a label of
//! version 0. Numeric labels have no upper bound, where the NuGet client takes those above 31 bits
//! for text.

use std::cmp::Ordering;

use super::semver::{Loose, check_numbers, check_tail};

/// How many numbers count.
const NUMBERS: usize = 4;

/// Orders two NuGet versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (Loose::of(a), Loose::of(b));
    a.order_numbers(&b, NUMBERS)
        .then_with(|| a.order_labels(&b, order_without_case))
}

/// Orders two texts by their upper case, as .NET's ordinal comparison without case does.
fn order_without_case(a: &[u8], b: &[u8]) -> Ordering {
    a.iter()
        .map(u8::to_ascii_uppercase)
        .cmp(b.iter().map(u8::to_ascii_uppercase))
}

/// Whether NuGet accepts the version.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    check_tail(check_numbers(version.as_bytes(), NUMBERS)?)
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
    fn four_numbers_and_labels_without_case() {
        ascending(&[
            "1.0.0-ALPHA",
            "1.0.0-alpha.1",
            "1.0.0-Alpha.B",
            "1.0.0-beta",
            "1.0.0-rc.2",
            "1.0.0-rc.10",
            "1",
            "1.0.0.1-alpha",
            "1.0.0.1",
            "1.0.0.10",
            "1.0.1",
        ]);
        for (a, b) in [
            ("1", "1.0.0.0"),
            ("1.0-RC", "1.0.0-rc+build"),
            ("1.01", "1.1.0"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn malformed_versions_are_named() {
        for version in [
            "",
            "1.2.3.4.5",
            "v1",
            "1-",
            "1.0beta",
            "1.0-a..b",
            "1.0+_",
            "x",
        ] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in ["1", "1.2.3.4", "1.0.0-01", "8.0.0-preview.7.23375.6+abc"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }
}
