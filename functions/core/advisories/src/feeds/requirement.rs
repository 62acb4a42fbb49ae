//! Version requirements as languages write them (`>= 1.2, < 2`, `^3.1 || ~> 4.0.2`), as runs of affected versions.
//!
//! Sources: the Cargo Book, "Specifying Dependencies"; node-semver's README, "Ranges"; RubyGems' guide to patterns
//! (`~>`); Composer's documentation of constraints. A set of versions is a list of spans between two points of the
//! ecosystem's order, so that what several requirements say together can be united, intersected and turned round
//! without rounding. A partial version in a requirement of Cargo or npm stands for all that begin with it.

use std::cmp::Ordering;

use crate::{row::EventsRef, version::VersionScheme};

/// Longest requirement that is read, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// Most comparators in one requirement.
const MAX_COMPARATORS: usize = 256;

/// Whose requirements they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Cargo,
    Npm,
    Gem,
    Composer,
}

impl Dialect {
    pub(super) fn scheme(self) -> VersionScheme {
        match self {
            Self::Cargo | Self::Npm => VersionScheme::Semver,
            Self::Gem => VersionScheme::RubyGems,
            Self::Composer => VersionScheme::Packagist,
        }
    }

    /// Whether a version of fewer than three numbers stands for all that begin with it.
    fn has_partial(self) -> bool {
        matches!(self, Self::Cargo | Self::Npm)
    }
}

/// A place between versions: just before or just after one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Point {
    First,
    At { version: String, after: bool },
    Last,
}

impl Point {
    fn before(version: impl Into<String>) -> Self {
        Self::At {
            version: version.into(),
            after: false,
        }
    }

    fn after(version: impl Into<String>) -> Self {
        Self::At {
            version: version.into(),
            after: true,
        }
    }

    fn order(&self, other: &Self, scheme: VersionScheme) -> Ordering {
        let place = |point: &Self| match point {
            Self::First => 0u8,
            Self::At { .. } => 1,
            Self::Last => 2,
        };
        match (self, other) {
            (
                Self::At { version, after },
                Self::At {
                    version: other,
                    after: other_after,
                },
            ) => scheme
                .order_total(version, other)
                .then(after.cmp(other_after)),
            _ => place(self).cmp(&place(other)),
        }
    }
}

/// A set of versions: spans in ascending order that neither touch nor overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    scheme: VersionScheme,
    spans: Vec<(Point, Point)>,
}

/// One run of versions, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    introduced: String,
    fixed: Option<String>,
    last_affected: Option<String>,
}

impl Run {
    pub(super) fn borrowed(&self) -> EventsRef<'_> {
        EventsRef {
            introduced: &self.introduced,
            fixed: self.fixed.as_deref(),
            last_affected: self.last_affected.as_deref(),
        }
    }
}

impl Versions {
    pub(super) fn none(scheme: VersionScheme) -> Self {
        Self {
            scheme,
            spans: Vec::new(),
        }
    }

    fn of(scheme: VersionScheme, mut spans: Vec<(Point, Point)>) -> Self {
        spans.retain(|(from, to)| from.order(to, scheme).is_lt());
        spans.sort_by(|a, b| a.0.order(&b.0, scheme));
        let mut merged: Vec<(Point, Point)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match merged.last_mut() {
                Some((_, end)) if from.order(end, scheme).is_le() => {
                    if end.order(&to, scheme).is_lt() {
                        *end = to;
                    }
                }
                _ => merged.push((from, to)),
            }
        }
        Self {
            scheme,
            spans: merged,
        }
    }

    /// What is in either.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        Self::of(self.scheme, self.spans)
    }

    /// What is in both.
    fn and(&self, other: &Self) -> Self {
        let scheme = self.scheme;
        let mut spans = Vec::new();
        for (from, to) in &self.spans {
            for (other_from, other_to) in &other.spans {
                let later = |a: &Point, b: &Point| a.order(b, scheme).is_ge();
                let start = if later(from, other_from) {
                    from
                } else {
                    other_from
                };
                let end = if later(to, other_to) { other_to } else { to };
                spans.push((start.clone(), end.clone()));
            }
        }
        Self::of(scheme, spans)
    }

    /// What is not in it.
    pub(super) fn not(&self) -> Self {
        let mut from = Point::First;
        let mut spans = Vec::new();
        for (start, end) in &self.spans {
            spans.push((std::mem::replace(&mut from, end.clone()), start.clone()));
        }
        spans.push((from, Point::Last));
        Self::of(self.scheme, spans)
    }

    /// The runs of a set, as advisories have them.
    pub(super) fn runs(&self) -> Vec<Run> {
        self.spans
            .iter()
            .map(|(from, to)| Run {
                introduced: match from {
                    Point::First | Point::Last => "0".to_owned(),
                    Point::At {
                        version,
                        after: false,
                    } => version.clone(),
                    Point::At { version, .. } => successor(version, self.scheme),
                },
                fixed: match to {
                    Point::At {
                        version,
                        after: false,
                    } => Some(version.clone()),
                    _ => None,
                },
                last_affected: match to {
                    Point::At {
                        version,
                        after: true,
                    } => Some(version.clone()),
                    _ => None,
                },
            })
            .collect()
    }
}

/// The least version above one. Exact for semantic versions; in the other orders nobody releases what lies between.
fn successor(version: &str, scheme: VersionScheme) -> String {
    if scheme != VersionScheme::Semver {
        return format!("{version}.0.0.0.1");
    }
    let plain = version.split('+').next().unwrap_or_default();
    if plain.contains('-') {
        // A longer list of identifiers is above its own beginning, and 0 is the least identifier.
        return format!("{plain}.0");
    }
    let numbers = numbers(plain);
    format!("{}-0", joined(&bumped(&numbers, 2)))
}

/// The leading numbers of a version.
fn numbers(version: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for part in version.trim_start_matches(['v', '=']).split('.') {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        match number.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => break,
        }
        if !rest.is_empty() {
            break;
        }
    }
    numbers
}

/// The three numbers with the one at `index` raised and those after it 0.
fn bumped(numbers: &[u64], index: usize) -> Vec<u64> {
    (0..3)
        .map(|at| {
            let number = numbers.get(at).copied().unwrap_or(0);
            match at.cmp(&index) {
                Ordering::Less => number,
                Ordering::Equal => number.saturating_add(1),
                Ordering::Greater => 0,
            }
        })
        .collect()
}

fn joined(numbers: &[u64]) -> String {
    let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    texts.join(".")
}

/// Reads a requirement: comparators with commas or white space between hold together, `||` stands between
/// alternatives.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn parse(dialect: Dialect, text: &str) -> Result<Versions, String> {
    let scheme = dialect.scheme();
    if text.len() > MAX_BYTES {
        return Err("a requirement that is longer than any real one".to_owned());
    }
    let mut all = Versions::none(scheme);
    let mut left = MAX_COMPARATORS;
    for alternative in text.split("||") {
        let mut both = Versions::of(scheme, vec![(Point::First, Point::Last)]);
        let mut words = Words(alternative).peekable();
        while let Some((operator, version)) = words.next() {
            left = left
                .checked_sub(1)
                .ok_or("a requirement with more parts than any real one")?;
            let span = if words.peek().is_some_and(|next| *next == ("", "-")) {
                words.next();
                let (_, end) = words.next().ok_or("a range without an end")?;
                let from = comparator(dialect, ">=", version)?;
                from.and(&comparator(dialect, "<=", end)?)
            } else {
                comparator(dialect, operator, version)?
            };
            both = both.and(&span);
        }
        all = all.or(both);
    }
    Ok(all)
}

/// Operators with their versions.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let separates = |c: char| c.is_whitespace() || c == ',';
        let signs = |c: char| matches!(c, '<' | '>' | '=' | '~' | '^' | '!');
        let rest = self.0.trim_start_matches(separates);
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c| !signs(c)).unwrap_or(rest.len());
        let (operator, rest) = rest.split_at(end);
        let rest = rest.trim_start();
        let end = rest
            .find(|c| separates(c) || signs(c))
            .unwrap_or(rest.len());
        let (version, rest) = rest.split_at(end);
        self.0 = rest;
        Some((operator, version))
    }
}

/// The versions that one comparator holds.
fn comparator(dialect: Dialect, operator: &str, version: &str) -> Result<Versions, String> {
    let scheme = dialect.scheme();
    let span = |from, to| Versions::of(scheme, vec![(from, to)]);
    let wildcard = |part: &str| matches!(part, "x" | "X" | "*");
    let parts: Vec<&str> = version.split('.').collect();
    let stated = parts
        .iter()
        .position(|part| wildcard(part))
        .map_or(version, |at| {
            // Everything up to the first wildcard, without the dot before it.
            let length: usize = parts.iter().take(at).map(|part| part.len() + 1).sum();
            version.get(..length.saturating_sub(1)).unwrap_or_default()
        });
    if stated.is_empty() {
        // `*`, and what is left out altogether.
        return match operator {
            "" | "=" | "==" | ">=" | "<=" | "^" | "~" | "~>"
                if wildcard(version) || operator.is_empty() =>
            {
                Ok(span(Point::First, Point::Last))
            }
            _ => Err(format!("`{operator}` without a version")),
        };
    }
    if !stated.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{stated}` is not a version"));
    }
    let numbers = numbers(stated);
    let count = numbers.len();
    let wild = stated.len() < version.len();
    let partial = dialect.has_partial() && count < 3 || wild;
    // The end of all versions that begin with a partial one.
    let next = || joined(&bumped(&numbers, count.saturating_sub(1)));
    let from_here = || Point::before(stated);
    Ok(match operator {
        "" | "=" | "==" if wild => span(from_here(), Point::before(next())),
        ">=" => span(from_here(), Point::Last),
        "<" => span(Point::First, from_here()),
        ">" if partial => span(Point::before(next()), Point::Last),
        ">" => span(Point::after(stated), Point::Last),
        "<=" if partial => span(Point::First, Point::before(next())),
        "<=" => span(Point::First, Point::after(stated)),
        "!=" => span(from_here(), Point::after(stated)).not(),
        "" | "^" if dialect == Dialect::Cargo || operator == "^" => {
            span(from_here(), Point::before(caret(&numbers)))
        }
        "~>" if dialect == Dialect::Gem => span(from_here(), Point::before(pessimistic(stated))),
        "~" | "~>" => {
            let index = count.saturating_sub(1).min(1);
            span(from_here(), Point::before(joined(&bumped(&numbers, index))))
        }
        "" | "=" | "==" if partial => span(from_here(), Point::before(next())),
        "" | "=" | "==" => span(from_here(), Point::after(stated)),
        other => return Err(format!("`{other}` is not an operator")),
    })
}

/// The first version that `^` does not hold: the leftmost number that is not 0 stays.
fn caret(numbers: &[u64]) -> String {
    let last = numbers.len().saturating_sub(1).min(2);
    let index = numbers
        .iter()
        .take(3)
        .position(|number| *number != 0)
        .unwrap_or(last);
    joined(&bumped(numbers, index))
}

/// The first release that RubyGems' `~>` does not hold: the last number but one is raised.
fn pessimistic(version: &str) -> String {
    let release: Vec<u64> = version
        .split(['.', '-'])
        .map_while(|part| part.parse().ok())
        .collect();
    let kept = release.len().saturating_sub(1).max(1);
    let mut bumped: Vec<u64> = release.into_iter().take(kept).collect();
    if let Some(last) = bumped.last_mut() {
        *last = last.saturating_add(1);
    }
    joined(&bumped)
}

#[cfg(test)]
mod tests {
    use super::{Dialect::*, *};
    use crate::feeds::osv_document::holds;
    use proptest::prelude::*;

    fn text(versions: &Versions) -> String {
        let run = |run: &Run| {
            let end = match (&run.fixed, &run.last_affected) {
                (Some(fixed), _) => fixed.clone(),
                (None, Some(last)) => format!("={last}"),
                (None, None) => String::new(),
            };
            format!("{}..{end}", run.introduced)
        };
        versions
            .runs()
            .iter()
            .map(run)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn each_language_reads_its_own_operators() {
        for (dialect, requirement, expected) in [
            (Npm, "<=1.5.1", "0..=1.5.1"),
            (Npm, "<2.0.0 || >=3.0.0 <3.1.0", "0..2.0.0 3.0.0..3.1.0"),
            (Npm, "8.x || ^4.8.4", "4.8.4..5.0.0 8..9.0.0"),
            (Npm, ">= 1.2.0 < 1.4", "1.2.0..1.4"),
            (Npm, "*", "0.."),
            (Npm, "1.2.0 - 1.3", "1.2.0..1.4.0"),
            (Npm, "1.2.3", "1.2.3..=1.2.3"),
            (Npm, "~1.2.3 || ~2", "1.2.3..1.3.0 2..3.0.0"),
            (Npm, ">1.2.3", "1.2.4-0.."),
            (Npm, ">1.2", "1.3.0.."),
            (Cargo, "^0.8.10", "0.8.10..0.9.0"),
            (Cargo, "^0.0.3", "0.0.3..0.0.4"),
            (Cargo, "1.2", "1.2..2.0.0"),
            (Cargo, "1.2.*", "1.2..1.3.0"),
            (Cargo, "= 1.0.0-rc.1", "1.0.0-rc.1..=1.0.0-rc.1"),
            (Cargo, "> 1.0.0-rc.1", "1.0.0-rc.1.0.."),
            (Gem, "~> 4.2.5, >= 4.2.5.1", "4.2.5.1..4.3"),
            (Gem, "~> 3.2.0-rc", "3.2.0-rc..3.3"),
            (Gem, "~> 2", "2..3"),
            (Gem, "2.0", "2.0..=2.0"),
            (Gem, "!= 2.0", "0..2.0 2.0.0.0.0.1.."),
            (Composer, ">=1.0,<1.2.5", "1.0..1.2.5"),
        ] {
            let found = parse(dialect, requirement).map(|versions| text(&versions));
            assert_eq!(found.as_deref(), Ok(expected), "{requirement}");
        }
        for (dialect, requirement) in [
            (Gem, "=> 1.0"),
            (Npm, ">= "),
            (Npm, "< unknown"),
            (Npm, "1.0.0 -"),
        ] {
            assert!(parse(dialect, requirement).is_err(), "{requirement}");
        }
    }

    #[test]
    fn what_is_neither_patched_nor_unaffected_is_affected() {
        let patched = parse(Cargo, "^0.3.1")
            .unwrap()
            .or(parse(Cargo, ">= 0.4.2").unwrap());
        let unaffected = parse(Cargo, "< 0.2.0").unwrap();
        assert_eq!(
            text(&patched.or(unaffected).not()),
            "0.2.0..0.3.1 0.4.0..0.4.2"
        );
        assert_eq!(text(&Versions::none(VersionScheme::Semver).not()), "0..");
    }

    proptest! {
        /// A set and its complement share no version and leave none out, as its runs are judged.
        #[test]
        fn a_version_is_in_a_set_or_in_its_complement(
            parts in proptest::collection::vec(("(<|<=|>|>=|=|!=|)", 0u8..4, 0u8..4), 1..5),
            any_of in any::<bool>(),
            version in (0u8..5, 0u8..5),
        ) {
            let comparators: Vec<String> = parts.iter().map(|(sign, major, minor)| format!("{sign}{major}.{minor}.0")).collect();
            let requirement = comparators.join(if any_of { " || " } else { ", " });
            let set = parse(Npm, &requirement).unwrap();
            let version = format!("{}.{}.0", version.0, version.1);
            let held = |set: &Versions| {
                let runs = set.runs();
                runs.iter().any(|run| holds(&run.borrowed(), &version, VersionScheme::Semver))
            };
            prop_assert_ne!(held(&set), held(&set.not()), "{} {}", requirement, version);
        }

        #[test]
        fn any_text_is_a_requirement_or_an_error(text in "[0-9a-z.<>=~^!|, *-]{0,40}") {
            for dialect in [Cargo, Npm, Gem, Composer] {
                if let Ok(versions) = parse(dialect, &text) {
                    let _ = (versions.runs(), versions.not().runs());
                }
            }
        }
    }
}
