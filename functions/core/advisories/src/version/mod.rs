//! Version order of the package ecosystems, each exactly as its own tool defines it.
//!
//! A [`VersionScheme`] names the order; [`VersionScheme::order`] compares two strings without
//! allocating and never fails, [`VersionScheme::compare`] refuses strings that the ecosystem's own
//! grammar does not allow. Numbers have no upper bound: they are compared as digits, not as machine
//! integers. White space around a version is ignored everywhere.
//!
//! What a malformed string compares as is part of the contract and stated in each module, because
//! versions come from images and feeds that nobody checked.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

pub mod alpine;
pub mod debian;
pub mod golang;
pub mod maven;
pub mod nuget;
pub mod numbers;
pub mod packagist;
pub mod pypi;
pub mod range;
pub mod redhat;
pub mod rubygems;
pub mod semver;

/// Longest piece of a foreign string that an error carries, in characters.
const SHOWN_CHARS: usize = 80;

/// The order that two versions are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionScheme {
    /// dpkg: deb-version(7).
    Debian,
    /// apk: apk-package(5), as apk-tools 3 compares.
    Alpine,
    /// rpm: epoch, version, release, with `~` and `^`.
    Redhat,
    /// Semantic Versioning 2.0.0, read as loosely as npm and Go do.
    Semver,
    /// Python: PEP 440, older versions below it.
    Pypi,
    /// NuGet: up to four numbers and a label that ignores case.
    Nuget,
    /// Maven: numbers and qualifiers, as its POM reference specifies.
    Maven,
    /// RubyGems: letters make a pre-release.
    RubyGems,
    /// Composer: PHP's `version_compare`.
    Packagist,
    /// Go: modules and Go itself.
    Go,
    /// Dart's Pub: semantic versions whose build metadata counts.
    Pub,
    /// R's CRAN: numbers with dots and hyphens between.
    Cran,
    /// Haskell's Hackage: numbers with dots between.
    Hackage,
}

/// Why two versions or a range could not be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The name is none of the known orders.
    #[error(
        "unknown version order \"{name}\" (known: debian, alpine, redhat, semver, pypi, nuget, maven, rubygems, packagist, go, pub, cran, hackage)"
    )]
    UnknownScheme {
        /// The name as given, shortened.
        name: String,
    },
    /// The ecosystem's grammar does not allow this version.
    #[error("not a {scheme} version: \"{version}\" {reason}")]
    Malformed {
        /// The order that was asked for.
        scheme: VersionScheme,
        /// The version as given, shortened.
        version: String,
        /// What is wrong with it, to be read after the version.
        reason: &'static str,
    },
    /// A range without any `introduced` event says nothing about any version.
    #[error("a range without an introduced event")]
    NoIntroduced,
}

impl VersionScheme {
    /// Every scheme, in the order of their names in [`VersionError::UnknownScheme`].
    pub const ALL: [Self; 13] = [
        Self::Debian,
        Self::Alpine,
        Self::Redhat,
        Self::Semver,
        Self::Pypi,
        Self::Nuget,
        Self::Maven,
        Self::RubyGems,
        Self::Packagist,
        Self::Go,
        Self::Pub,
        Self::Cran,
        Self::Hackage,
    ];

    /// The scheme's name, such as `debian` or `maven`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Alpine => "alpine",
            Self::Redhat => "redhat",
            Self::Semver => "semver",
            Self::Pypi => "pypi",
            Self::Nuget => "nuget",
            Self::Maven => "maven",
            Self::RubyGems => "rubygems",
            Self::Packagist => "packagist",
            Self::Go => "go",
            Self::Pub => "pub",
            Self::Cran => "cran",
            Self::Hackage => "hackage",
        }
    }

    /// Orders any two strings. A total preorder: reflexive, transitive, and `order(a, b)` is the
    /// reverse of `order(b, a)`; one exception is told by [`VersionScheme::order_total`]. Allocates only for two Python versions that predate PEP 440.
    #[must_use]
    pub fn order(self, a: &str, b: &str) -> Ordering {
        let (a, b) = (a.trim_ascii(), b.trim_ascii());
        if a == b {
            return Ordering::Equal;
        }
        match self {
            Self::Debian => debian::order(a, b),
            Self::Alpine => alpine::order(a, b),
            Self::Redhat => redhat::order(a, b),
            Self::Semver => semver::order(a, b),
            Self::Pypi => pypi::order(a, b),
            Self::Nuget => nuget::order(a, b),
            Self::Maven => maven::order(a, b),
            Self::RubyGems => rubygems::order(a, b),
            Self::Packagist => packagist::order(a, b),
            Self::Go => golang::order(a, b),
            Self::Pub => semver::order_with_build(a, b),
            Self::Cran | Self::Hackage => numbers::order(a, b),
        }
    }

    /// The order to sort by: [`VersionScheme::order`], but total for every text there is, where that of Composer is
    /// not for texts with its placeholder `#`.
    #[must_use]
    pub fn order_total(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Packagist => packagist::order_total(a.trim_ascii(), b.trim_ascii()),
            _ => self.order(a, b),
        }
    }

    /// Orders two versions that both obey the ecosystem's grammar.
    ///
    /// # Errors
    /// [`VersionError::Malformed`] for the first of the two that does not.
    pub fn compare(self, a: &str, b: &str) -> Result<Ordering, VersionError> {
        self.check(a)?;
        self.check(b)?;
        Ok(self.order(a, b))
    }

    /// Whether a version obeys the ecosystem's grammar.
    ///
    /// # Errors
    /// [`VersionError::Malformed`] with what is wrong.
    pub fn check(self, version: &str) -> Result<(), VersionError> {
        let trimmed = version.trim_ascii();
        let checked = if trimmed.is_empty() {
            Err("is empty")
        } else {
            match self {
                Self::Debian => debian::check(trimmed),
                Self::Alpine => alpine::check(trimmed),
                Self::Redhat => redhat::check(trimmed),
                Self::Semver => semver::check(trimmed),
                Self::Pypi => pypi::check(trimmed),
                Self::Nuget => nuget::check(trimmed),
                Self::Maven => maven::check(trimmed),
                Self::RubyGems => rubygems::check(trimmed),
                Self::Packagist => packagist::check(trimmed),
                Self::Go => golang::check(trimmed),
                Self::Pub => semver::check(trimmed),
                Self::Cran => numbers::check(trimmed, true),
                Self::Hackage => numbers::check(trimmed, false),
            }
        };
        checked.map_err(|reason| VersionError::Malformed {
            scheme: self,
            version: shown(version),
            reason,
        })
    }
}

impl fmt::Display for VersionScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for VersionScheme {
    type Err = VersionError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.name() == name)
            .ok_or_else(|| VersionError::UnknownScheme { name: shown(name) })
    }
}

/// A foreign string, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// Compares two runs of decimal digits by value; an empty run is zero.
pub(crate) fn cmp_digits(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (without_zeros(a), without_zeros(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The digits after their leading zeros.
fn without_zeros(digits: &[u8]) -> &[u8] {
    split_run(digits, |c| c == b'0').1
}

/// Splits off the longest leading run of bytes that `wanted` accepts.
pub(crate) fn split_run(text: &[u8], wanted: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&c| !wanted(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// Splits off the leading digits.
pub(crate) fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    split_run(text, |c| c.is_ascii_digit())
}

/// Everything after the first byte; empty for an empty text.
pub(crate) fn tail(text: &[u8]) -> &[u8] {
    text.get(1..).unwrap_or_default()
}

/// Whether the text is at least one digit and nothing else.
pub(crate) fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scheme() -> impl Strategy<Value = VersionScheme> {
        proptest::sample::select(VersionScheme::ALL.to_vec())
    }

    /// Short strings of pieces that mean something to one order or another, so that ties, prefixes
    /// and mixed kinds are met often.
    fn version() -> impl Strategy<Value = String> {
        let pieces = vec![
            "0",
            "00",
            "1",
            "01",
            "2",
            "10",
            "99999999999999999999",
            ".",
            ".",
            ".",
            "-",
            "-",
            "~",
            "^",
            "_",
            "+",
            ":",
            "!",
            "a",
            "b",
            "A",
            "rc",
            "c",
            "p",
            "v",
            "r",
            "-r0",
            "-r1",
            "_alpha",
            "_p1",
            "_git",
            "dev",
            "post",
            "alpha",
            "final",
            "ga",
            "sp",
            "SNAPSHOT",
            "-0",
            ".0",
            "stable",
            "#",
            "α",
            " ",
            "1:",
            "0:",
        ];
        proptest::collection::vec(proptest::sample::select(pieces), 0..7)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn order_is_total(scheme in scheme(), a in version(), b in version(), c in version()) {
            let order = |x: &str, y: &str| scheme.order_total(x, y);
            prop_assert_eq!(order(&a, &a), Ordering::Equal);
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            if !format!("{a}{b}").contains('#') {
                prop_assert_eq!(order(&a, &b), scheme.order(&a, &b));
            }
            let mut sorted = [a.as_str(), b.as_str(), c.as_str()];
            sorted.sort_by(|x, y| order(x, y));
            let [low, middle, high] = sorted;
            prop_assert_ne!(order(low, middle), Ordering::Greater);
            prop_assert_ne!(order(middle, high), Ordering::Greater);
            let outer = order(low, middle).then(order(middle, high));
            prop_assert_eq!(order(low, high), outer, "{} {:?}", scheme, sorted);
        }

        #[test]
        fn any_text_is_ordered_and_checked(scheme in scheme(), a in ".{0,24}", b in ".{0,24}") {
            prop_assert_eq!(scheme.order(&a, &b), scheme.order(&b, &a).reverse());
            if scheme.check(&a).is_ok() && scheme.check(&b).is_ok() {
                prop_assert_eq!(scheme.compare(&a, &b), Ok(scheme.order(&a, &b)));
            } else {
                prop_assert!(scheme.compare(&a, &b).is_err());
            }
        }

        #[test]
        fn numbers_of_any_size_keep_their_order(scheme in scheme(), a in 1u64.., b in 1u64..) {
            let (x, y) = (format!("1.{a}000000000000"), format!("1.{b}000000000000"));
            prop_assert_eq!(scheme.order(&x, &y), a.cmp(&b));
        }
    }

    #[test]
    fn names_are_read_back() {
        for scheme in VersionScheme::ALL {
            assert_eq!(scheme.name().parse(), Ok(scheme));
        }
        let error = "golang".parse::<VersionScheme>().unwrap_err().to_string();
        assert!(
            error.contains("golang")
                && VersionScheme::ALL
                    .iter()
                    .all(|known| error.contains(known.name())),
            "{error}"
        );
    }

    #[test]
    fn white_space_around_a_version_is_ignored() {
        for scheme in VersionScheme::ALL {
            assert_eq!(scheme.compare(" 1.2.3\n", "1.2.3"), Ok(Ordering::Equal));
        }
    }

    #[test]
    fn an_empty_version_is_malformed_and_sorts_below_or_with_zero() {
        for scheme in VersionScheme::ALL {
            assert!(scheme.check(" ").is_err());
            assert_ne!(scheme.order("", "0"), Ordering::Greater, "{scheme}");
            assert_eq!(scheme.order("", "0.0.1"), Ordering::Less, "{scheme}");
        }
    }

    #[test]
    fn an_error_shows_only_the_start_of_a_long_version() {
        let error = VersionScheme::Pypi.check(&"x".repeat(1 << 20)).unwrap_err();
        assert!(error.to_string().len() < 200);
    }
}
