//! Maven's order: numbers and qualifiers with dots and hyphens between.
//!
//! Source: "Version Order Specification" of Maven's POM reference, and what
//! `org.apache.maven.artifact.versioning.ComparableVersion` answers. A version is split at dots, at
//! hyphens and between letters and digits (which counts as a hyphen); an empty token is 0; null tokens
//! (0, ``, `ga`, `final`, `release`) before a hyphen or the end do not count. What remains compares
//! from the left: a qualifier is below a number after a hyphen, and that below a number after a dot,
//! whatever their values. Qualifiers without regard to case: `alpha` < `beta` < `milestone` < `rc` =
//! `cr` < `snapshot` < nothing < `sp` < any other by the alphabet; `a`, `b` and `m` directly before a
//! digit are short for the first three.
//!
//! The tool itself is not transitive in corners (Maven 3.8 says `1` < `1.sp` < `1-alpha` < `1`), and its
//! versions differ there. Here a dot before a qualifier is a hyphen, as from Maven 3.9 on, and the order
//! is total.

use std::cmp::Ordering;

use super::{cmp_digits, split_run};

/// Orders two Maven versions.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Kept::of(a), Kept::of(b));
    loop {
        let (x, y) = (a.next(), b.next());
        let order = match (&x, &y) {
            (None, None) => return Ordering::Equal,
            _ => x.unwrap_or(Token::END).order(&y.unwrap_or(Token::END)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Whether this is a version: Maven itself takes any text, and one without a digit or with characters that no
/// repository's path can have is none.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    if version
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "\\/:\"<>|?*[](),".contains(c))
    {
        return Err("has a character that no Maven version may have");
    }
    Ok(())
}

/// One token, in an order that stands for the padded comparison of the specification: an absent token is
/// [`Token::END`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A qualifier that is known, by its rank.
    Known(u8),
    /// Any other.
    Other(&'a [u8]),
    /// A number after a hyphen, or after letters.
    AfterHyphen(&'a [u8]),
    /// A number after a dot, and the first.
    AfterDot(&'a [u8]),
}

/// Ranks of known qualifiers; what ends early stands below a null qualifier that something follows.
const ALPHA: u8 = 0;
const BETA: u8 = 1;
const MILESTONE: u8 = 2;
const CANDIDATE: u8 = 3;
const SNAPSHOT: u8 = 4;
const NOTHING: u8 = 5;
const RELEASE: u8 = 6;
const SERVICE_PACK: u8 = 7;

impl<'a> Token<'a> {
    const END: Self = Self::Known(NOTHING);

    fn class(&self) -> u8 {
        match self {
            Self::Known(_) => 0,
            Self::Other(_) => 1,
            Self::AfterHyphen(_) => 2,
            Self::AfterDot(_) => 3,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => a.cmp(b),
            (Self::Other(a), Self::Other(b)) => a
                .iter()
                .map(u8::to_ascii_lowercase)
                .cmp(b.iter().map(u8::to_ascii_lowercase)),
            (Self::AfterHyphen(a), Self::AfterHyphen(b))
            | (Self::AfterDot(a), Self::AfterDot(b)) => cmp_digits(a, b),
            _ => self.class().cmp(&other.class()),
        }
    }

    /// Whether it counts as nothing where nothing follows.
    fn is_null(&self) -> bool {
        match self {
            Self::Known(rank) => *rank == RELEASE,
            Self::Other(_) => false,
            Self::AfterHyphen(digits) | Self::AfterDot(digits) => {
                digits.iter().all(|&digit| digit == b'0')
            }
        }
    }

    /// Whether a new part begins with it, so that null tokens before it do not count.
    fn begins(&self) -> bool {
        !matches!(self, Self::AfterDot(_))
    }

    fn qualifier(text: &'a [u8], digit_follows: bool) -> Self {
        let known: [(&[u8], u8); 10] = [
            (b"alpha", ALPHA),
            (b"beta", BETA),
            (b"milestone", MILESTONE),
            (b"rc", CANDIDATE),
            (b"cr", CANDIDATE),
            (b"snapshot", SNAPSHOT),
            (b"ga", RELEASE),
            (b"final", RELEASE),
            (b"release", RELEASE),
            (b"sp", SERVICE_PACK),
        ];
        let short: [(&[u8], u8); 3] = [(b"a", ALPHA), (b"b", BETA), (b"m", MILESTONE)];
        let is = |(word, _): &&(&[u8], u8)| text.eq_ignore_ascii_case(word);
        known
            .iter()
            .find(is)
            .or_else(|| short.iter().filter(|_| digit_follows).find(is))
            .map_or(Self::Other(text), |&(_, rank)| Self::Known(rank))
    }
}

/// All tokens of a version.
#[derive(Clone)]
struct Raw<'a> {
    rest: &'a [u8],
    /// The separator before the next token; none when the text is at its end and no separator is open.
    before: Option<Separator>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Dot,
    Hyphen,
}

impl<'a> Iterator for Raw<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let before = self.before?;
        let digits = self.rest.first().is_some_and(u8::is_ascii_digit);
        let (token, rest) = split_run(self.rest, |c| {
            !matches!(c, b'.' | b'-') && c.is_ascii_digit() == digits
        });
        let digit_follows = rest.first().is_some_and(u8::is_ascii_digit);
        self.before = match rest.first() {
            None => None,
            Some(b'.') => Some(Separator::Dot),
            Some(_) => Some(Separator::Hyphen),
        };
        let separated = matches!(rest.first(), Some(b'.' | b'-'));
        self.rest = if separated { super::tail(rest) } else { rest };
        Some(match before {
            _ if !token.is_empty() && !digits => Token::qualifier(token, digit_follows),
            Separator::Dot => Token::AfterDot(token),
            Separator::Hyphen => Token::AfterHyphen(token),
        })
    }
}

/// The tokens that count: a run of null tokens is held back until a token of the same part follows, and forgotten
/// when another part begins or nothing follows.
struct Kept<'a> {
    raw: Raw<'a>,
    /// The first of the held tokens.
    held: Option<Token<'a>>,
    /// How many zeros after dots follow it.
    zeros: usize,
    /// The token to be given after those held.
    after: Option<Token<'a>>,
}

impl<'a> Kept<'a> {
    fn of(version: &'a str) -> Self {
        Self {
            raw: Raw {
                rest: version.as_bytes(),
                before: Some(Separator::Dot),
            },
            held: None,
            zeros: 0,
            after: None,
        }
    }
}

impl<'a> Iterator for Kept<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if self.after.is_none() {
            for token in self.raw.by_ref() {
                if token.begins() {
                    (self.held, self.zeros) = (None, 0);
                }
                if !token.is_null() {
                    self.after = Some(token);
                    break;
                }
                match self.held {
                    None => self.held = Some(token),
                    Some(_) => self.zeros += 1,
                }
            }
            // Null tokens at the end do not count.
            self.after?;
        }
        if let Some(token) = self.held.take() {
            return Some(token);
        }
        if self.zeros > 0 {
            self.zeros -= 1;
            return Some(Token::AfterDot(b""));
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

    fn equal(versions: &[&str]) {
        for pair in versions.windows(2) {
            assert_eq!(order(pair[0], pair[1]), Ordering::Equal, "{pair:?}");
        }
    }

    #[test]
    fn qualifiers_stand_around_the_release() {
        ascending(&[
            "1-alpha-1-SNAPSHOT",
            "1-a1",
            "1-alpha-2",
            "1-beta",
            "1-b2",
            "1.0.0.M1",
            "1-m12",
            "1.0-CR1",
            "1.RC2",
            "1.0-rc3",
            "1-SNAPSHOT",
            "1.0.0.Final",
            "1-sp",
            "1-SP.1",
            "1-a",
            "1-jre8",
            "1-xyz",
            "1-1",
            "1-2.1",
            "1.0.1",
            "1.1",
            "1.10",
        ]);
    }

    #[test]
    fn real_names_of_releases() {
        // From Maven Central: netty, hibernate, guava, spring, log4j, jetty, jackson, ojdbc.
        ascending(&[
            "4.1.9.Final",
            "4.1.10.Final",
            "4.1.100.Final",
            "4.2.0.Alpha1",
        ]);
        ascending(&["31.1-android", "31.1-jre", "32.0.0-android", "32.0.0-jre"]);
        ascending(&["5.3.0.Beta1", "5.3.0.CR2", "5.3.0.Final", "5.3.1.Final"]);
        ascending(&["2.0-beta9", "2.0-rc1", "2.0", "2.0.1", "2.17.1"]);
        ascending(&[
            "9.4.9.v20180320",
            "9.4.43.v20210629",
            "10.0.0-alpha0",
            "10.0.0",
        ]);
        ascending(&["2.9.10", "2.9.10.1", "2.9.10.8", "2.12.0-rc1", "2.12.0"]);
        equal(&["4.1.10.Final", "4.1.10", "4.1.10.GA", "4.1.10.RELEASE"]);
    }

    #[test]
    fn null_tokens_before_a_hyphen_and_at_the_end_do_not_count() {
        equal(&[
            "1",
            "1.0.0",
            "1.ga",
            "1.",
            "1-",
            "1.0.0-0.0.0",
            "1-final-ga",
        ]);
        equal(&["1-foo", "1.0.0-foo.0.0", "1.0.foo"]);
        equal(&["1-1.foo-bar-1-baz-0.1", "1-1.foo-bar1baz-.1"]);
        equal(&["", "0", "0.0-0", "ga"]);
        ascending(&["0-alpha", "0", "0-1", "0.0.1", "1"]);
        ascending(&["1-0.1", "1-1", "1.0.0.1"]);
    }

    #[test]
    fn texts_that_are_no_versions_are_named() {
        for version in ["${project.version}/x", "[1.0,2.0)", "1 2", "a:b"] {
            assert!(check(version).is_err(), "{version}");
        }
        for version in ["1", "1.0.0.Final", "r09", "${revision}", "2.0.1.RELEASE+1"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
    }
}
