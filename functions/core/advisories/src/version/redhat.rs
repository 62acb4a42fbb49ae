//! rpm's order: `[epoch:]version[-release]`.
//!
//! Source: rpm-version(7) and the observable behaviour of rpm's `rpm.vercmp`. Each of version and
//! release is a list of segments, separated by anything that is not an ASCII letter, a digit, `~` or
//! `^`; the separators themselves mean nothing. At one place: `~` < the end < `^` < letters < digits.
//! Letters compare bytewise, digits by value. The epoch is digits before the first `:`; anything else
//! before a colon belongs to the version. An absent epoch is 0. The last hyphen begins the release.
//!
//! An absent release sorts below every release, also the empty one of `1-`: this is the order of
//! labels. A requirement that names no release accepts any, which is [`order_where_both_release`].
//! No string is refused by [`order`].

use std::cmp::Ordering;

use super::{cmp_digits, split_digits, split_run, tail};

/// A version label taken apart; borrowed from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evr<'a> {
    /// Digits; empty when absent, which means 0.
    pub epoch: &'a str,
    /// The version.
    pub version: &'a str,
    /// The release, if the label has a hyphen.
    pub release: Option<&'a str>,
}

impl<'a> Evr<'a> {
    /// Takes any label apart; never fails.
    #[must_use]
    pub fn of(label: &'a str) -> Self {
        let (epoch, rest) = match label.split_once(':') {
            Some((epoch, rest)) if epoch.bytes().all(|c| c.is_ascii_digit()) => (epoch, rest),
            _ => ("", label),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        Self {
            epoch,
            version,
            release,
        }
    }

    /// Orders epoch and version, without looking at the release.
    #[must_use]
    pub fn order_without_release(&self, other: &Self) -> Ordering {
        cmp_digits(self.epoch.as_bytes(), other.epoch.as_bytes())
            .then_with(|| order_segments(self.version, other.version))
    }
}

/// Orders two labels; one without a release sorts below the same with any release.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (Evr::of(a), Evr::of(b));
    a.order_without_release(&b)
        .then_with(|| match (a.release, b.release) {
            (Some(a), Some(b)) => order_segments(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
}

/// Orders two labels as rpm judges dependencies: the releases count only when both have one. Not
/// transitive (`1-1` = `1` = `1-2`), so never to be sorted by.
#[must_use]
pub fn order_where_both_release(a: &str, b: &str) -> Ordering {
    let (a, b) = (Evr::of(a), Evr::of(b));
    a.order_without_release(&b)
        .then_with(|| match (a.release, b.release) {
            (Some(a), Some(b)) => order_segments(a, b),
            _ => Ordering::Equal,
        })
}

/// Orders two versions or two releases: what rpm calls `rpmvercmp`.
#[must_use]
pub fn order_segments(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        (a, b) = (skip_separators(a), skip_separators(b));
        let (x, y) = (class(a), class(b));
        if x != y {
            return x.cmp(&y);
        }
        let order = match x {
            Class::End => return Ordering::Equal,
            Class::Tilde | Class::Caret => {
                (a, b) = (tail(a), tail(b));
                continue;
            }
            Class::Letters => {
                let ((x, after_x), (y, after_y)) = (
                    split_run(a, |c| c.is_ascii_alphabetic()),
                    split_run(b, |c| c.is_ascii_alphabetic()),
                );
                (a, b) = (after_x, after_y);
                x.cmp(y)
            }
            Class::Digits => {
                let ((x, after_x), (y, after_y)) = (split_digits(a), split_digits(b));
                (a, b) = (after_x, after_y);
                cmp_digits(x, y)
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// What stands at a place, in ascending order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Tilde,
    End,
    Caret,
    Letters,
    Digits,
}

fn class(text: &[u8]) -> Class {
    match text.first() {
        None => Class::End,
        Some(b'~') => Class::Tilde,
        Some(b'^') => Class::Caret,
        Some(c) if c.is_ascii_digit() => Class::Digits,
        Some(_) => Class::Letters,
    }
}

fn skip_separators(text: &[u8]) -> &[u8] {
    split_run(text, |c| {
        !c.is_ascii_alphanumeric() && c != b'~' && c != b'^'
    })
    .1
}

/// Whether the label is one that rpm would build a package with.
///
/// # Errors
/// What is wrong, to be read after the label.
pub fn check(label: &str) -> Result<(), &'static str> {
    let evr = Evr::of(label);
    let allowed = |part: &str| {
        part.bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"._+~^".contains(&c))
    };
    if evr.version.is_empty() {
        return Err("has an empty version");
    }
    if evr.release.is_some_and(str::is_empty) {
        return Err("has an empty release");
    }
    if cmp_digits(evr.epoch.as_bytes(), b"4294967295").is_gt() {
        return Err("has too large an epoch");
    }
    if !allowed(evr.version) || !evr.release.is_none_or(allowed) {
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
    fn tilde_end_caret_letters_digits() {
        ascending(&[
            "1~~",
            "1~rc1",
            "1~rc1^git",
            "1",
            "1^",
            "1^git1~pre",
            "1^git1",
            "1a",
            "1.1",
        ]);
    }

    #[test]
    fn epoch_before_version_before_release() {
        ascending(&[
            "9-9",
            "1:1-1.el8",
            "1:1-1.el9_2.1",
            "1:1-2.el8",
            "1:2-0",
            "2:0",
        ]);
        assert_eq!(order("0:1-1", "1-1"), Ordering::Equal);
        assert_eq!(order(":1-1", "1-1"), Ordering::Equal);
    }

    #[test]
    fn an_absent_release_is_lowest_or_left_out() {
        ascending(&["1", "1-", "1-0", "1-1"]);
        assert_eq!(order_where_both_release("1", "1-5.el9"), Ordering::Equal);
        assert_eq!(order_where_both_release("1-5.el9", "1"), Ordering::Equal);
        assert_eq!(
            order_where_both_release("1:1", "1-5.el9"),
            Ordering::Greater
        );
        assert_eq!(
            order_where_both_release("1-4.el9", "1-5.el9"),
            Ordering::Less
        );
    }

    #[test]
    fn the_parts_of_a_label() {
        let evr = Evr::of("2:1.0-rc-3.el9");
        assert_eq!(
            (evr.epoch, evr.version, evr.release),
            ("2", "1.0-rc", Some("3.el9"))
        );
        assert_eq!(Evr::of("a:1").version, "a:1");
    }

    #[test]
    fn malformed_labels_are_named() {
        for label in ["1:", "-1", "1-", "1 2", "1-α", "a:1", "99999999999:1"] {
            assert!(check(label).is_err(), "{label}");
        }
        for label in ["1", "1:1.0^git1~pre-3.el9_4.2", "0.9.8e-12.el5_4.1"] {
            assert_eq!(check(label), Ok(()), "{label}");
        }
    }
}
