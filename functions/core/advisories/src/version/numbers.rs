//! Orders of numbers only: CRAN's and Hackage's.
//!
//! Sources: R's documentation of `package_version` and `numeric_version` ("Writing R Extensions", the field
//! `Version`): numbers with dots or hyphens between; the Haskell Package Versioning Policy: numbers with dots
//! between. In both, numbers compare from the left by value, and a version is above its own beginning.
//!
//! A part that is more than a number compares by its leading digits, then by its other bytes.

use std::cmp::Ordering;

use super::{cmp_digits, is_number, split_digits};

/// Orders two versions of numbers.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (parts(a), parts(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => {
                let ((x, after_x), (y, after_y)) = (split_digits(x), split_digits(y));
                cmp_digits(x, y).then_with(|| after_x.cmp(after_y))
            }
            (x, y) => x.is_some().cmp(&y.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn parts(version: &str) -> impl Iterator<Item = &[u8]> {
    version
        .as_bytes()
        .split(|c| matches!(c, b'.' | b'-'))
        .filter(|part| !part.is_empty())
}

/// Whether the version is numbers with dots between, or with dots and hyphens.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str, hyphens: bool) -> Result<(), &'static str> {
    let separates = |c: &u8| *c == b'.' || hyphens && *c == b'-';
    if version.as_bytes().split(separates).all(is_number) {
        Ok(())
    } else {
        Err("is not numbers alone")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_value_and_the_longer_above() {
        let ascending = [
            "0.01", "0.1-0", "0.1.0.0", "0.9", "0.75", "1", "1.0", "1.0-1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(order("0.01.0", "0.1-0"), Ordering::Equal);
        assert!(check("1.0-1", true).is_ok() && check("1.0-1", false).is_err());
        assert!(check("1..0", true).is_err() && check("1.0a", true).is_err());
    }
}
