//! dpkg's order: `[epoch:]upstream[-revision]`.
//!
//! Source: deb-version(7) and the observable behaviour of `dpkg --compare-versions`. The epoch is a
//! number; upstream and revision are each compared by turns of a non-digit run and a number. In a
//! non-digit run `~` sorts before the end of the text, letters before everything else. An absent
//! epoch, number or revision is zero, so `1.0`, `0:1.0` and `1.0-0` are equal.
//!
//! Where dpkg refuses: text before a `:` that is not a number is no epoch but part of the upstream
//! version; any other byte sorts by its value after the letters.

use std::cmp::Ordering;

use super::{cmp_digits, is_number, split_digits, tail};

/// The three parts of a version; an absent one is empty.
struct Parts<'a> {
    epoch: &'a str,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let (epoch, rest) = match version.split_once(':') {
            Some((epoch, rest)) if is_number(epoch.as_bytes()) => (epoch, rest),
            _ => ("", version),
        };
        // The upstream version may hold hyphens; only the last one begins the revision.
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self {
            epoch,
            upstream,
            revision,
        }
    }
}

/// Orders two Debian versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (Parts::of(a), Parts::of(b));
    cmp_digits(a.epoch.as_bytes(), b.epoch.as_bytes())
        .then_with(|| order_part(a.upstream.as_bytes(), b.upstream.as_bytes()))
        .then_with(|| order_part(a.revision.as_bytes(), b.revision.as_bytes()))
}

/// Orders two upstream versions or two revisions.
fn order_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        while starts_text(a) || starts_text(b) {
            // A digit and the end weigh nothing, any other byte does, so a difference in the
            // lengths of the two runs is found here and both sides advance together.
            let order = weight(a).cmp(&weight(b));
            if order.is_ne() {
                return order;
            }
            (a, b) = (tail(a), tail(b));
        }
        let ((x, after_x), (y, after_y)) = (split_digits(a), split_digits(b));
        let order = cmp_digits(x, y);
        if order.is_ne() {
            return order;
        }
        (a, b) = (after_x, after_y);
    }
    Ordering::Equal
}

fn starts_text(text: &[u8]) -> bool {
    text.first().is_some_and(|c| !c.is_ascii_digit())
}

/// Weight of the first byte within a non-digit run.
fn weight(text: &[u8]) -> i32 {
    match text.first() {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_digit() => 0,
        Some(&c) if c.is_ascii_alphabetic() => i32::from(c),
        Some(&c) => i32::from(c) + 256,
    }
}

/// Whether dpkg accepts the version without complaint.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    let rest = match version.split_once(':') {
        Some((epoch, rest)) => {
            if !is_number(epoch.as_bytes()) {
                return Err("has an epoch that is not a number");
            }
            if cmp_digits(epoch.as_bytes(), b"2147483647").is_gt() {
                return Err("has too large an epoch");
            }
            rest
        }
        None => version,
    };
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((_, "")) => return Err("has an empty revision"),
        Some((upstream, revision)) => (upstream, revision),
        None => (rest, ""),
    };
    if !upstream.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("does not start with a digit");
    }
    let plain = |c: u8| c.is_ascii_alphanumeric() || b".+~".contains(&c);
    if !upstream.bytes().all(|c| plain(c) || b"-:".contains(&c)) || !revision.bytes().all(plain) {
        return Err("holds a character that is not allowed");
    }
    Ok(())
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
    fn tilde_end_letters_and_signs_in_this_order() {
        ascending(&[
            "1~~", "1~~a", "1~", "1", "1-1", "1-1+b1", "1a", "1z", "1+", "1.1",
        ]);
        ascending(&["1-1~deb12u1", "1-1", "1-1+b1", "1-1+deb12u1"]);
        ascending(&["2.36-9+deb12u7", "2.36-9+deb12u10", "2.36-10"]);
    }

    #[test]
    fn only_the_last_hyphen_begins_the_revision() {
        ascending(&["1-2-1", "1-2-2", "1-10-1"]);
    }

    #[test]
    fn absent_parts_are_zero() {
        for (a, b) in [
            ("1.0", "0:1.0"),
            ("1.0", "1.0-0"),
            ("1.0", "1.00"),
            ("1.", "1.0"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
        ascending(&["9999", "1:0", "02:0"]);
    }

    #[test]
    fn malformed_versions_are_named_and_still_ordered() {
        for version in [
            "a:1",
            ":1",
            "1:",
            "1-",
            "abc",
            "1_2",
            "1 2",
            "99999999999:1",
            "1-1:2",
        ] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in ["1", "1:2:3-4", "0-0", "1.2+dfsg~rc1-3~bpo12+1", "1-2-3"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
        ascending(&["a:1", "b:1"]);
    }
}
