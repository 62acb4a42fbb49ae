//! Whether a version lies in a range of events, as OSV defines it.
//!
//! Source: the OSV schema, `affected[].ranges[].events` and its evaluation algorithm. The events are
//! sorted by version; a version is affected when the last event that it has reached is an
//! `introduced`. `fixed` is reached at its version, `last_affected` only above it. `introduced: "0"`
//! stands before every version. When there are `limit` events, the version must lie below one of
//! them; `*` is above every version. Several `introduced` events make several intervals. Events of
//! one version keep the order in which the document has them.

use std::cmp::Ordering;

use super::{VersionError, VersionScheme};

/// A point where the state of a range changes; borrowed from the advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event<'a> {
    /// Affected from this version on; `0` from the first.
    Introduced(&'a str),
    /// Not affected from this version on.
    Fixed(&'a str),
    /// Not affected above this version.
    LastAffected(&'a str),
    /// Nothing from this version on is judged; `*` is no limit.
    Limit(&'a str),
}

impl<'a> Event<'a> {
    /// The version of the event, as written.
    #[must_use]
    pub fn version(&self) -> &'a str {
        match self {
            Self::Introduced(version)
            | Self::Fixed(version)
            | Self::LastAffected(version)
            | Self::Limit(version) => version,
        }
    }

    /// Where the event stands against a version: `Greater` above it.
    fn order(&self, scheme: VersionScheme, version: &str) -> Ordering {
        match self {
            Self::Introduced("0") => Ordering::Less,
            Self::Limit("*") => Ordering::Greater,
            _ => scheme.order(self.version(), version),
        }
    }

    /// Order of two events of a range.
    fn order_events(&self, scheme: VersionScheme, other: &Self) -> Ordering {
        let first = |event: &Self| matches!(event, Event::Introduced("0"));
        first(other)
            .cmp(&first(self))
            .then_with(|| scheme.order_total(self.version(), other.version()))
    }

    /// Whether a version has reached the event.
    fn reached(&self, scheme: VersionScheme, version: &str) -> bool {
        let order = self.order(scheme, version);
        match self {
            Self::LastAffected(_) => order.is_lt(),
            _ => order.is_le(),
        }
    }
}

/// What a range says about one version, with the events that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict<'a> {
    /// Whether the version is affected.
    pub affected: bool,
    /// When affected: the version where its interval begins, as written.
    pub introduced: Option<&'a str>,
    /// When affected: the version that ends its interval, if a fix does.
    pub fixed: Option<&'a str>,
    /// When affected: the last affected version of its interval, if that ends it.
    pub last_affected: Option<&'a str>,
}

/// Judges a version by the events of one range, in any order.
///
/// # Errors
/// [`VersionError::Malformed`] for an empty version or an event with an empty one,
/// [`VersionError::NoIntroduced`] for a range that never begins.
pub fn in_range<'a>(
    scheme: VersionScheme,
    version: &str,
    events: &[Event<'a>],
) -> Result<Verdict<'a>, VersionError> {
    for text in events.iter().map(Event::version).chain([version]) {
        if text.trim_ascii().is_empty() {
            scheme.check(text)?;
        }
    }
    if !events
        .iter()
        .any(|event| matches!(event, Event::Introduced(_)))
    {
        return Err(VersionError::NoIntroduced);
    }
    if !below_limits(scheme, version, events) {
        return Ok(Verdict::default());
    }
    let by_version = |a: &Event<'_>, b: &Event<'_>| a.order_events(scheme, b);
    if events.is_sorted_by(|a, b| by_version(a, b).is_le()) {
        return Ok(judge(scheme, version, events));
    }
    let mut sorted = events.to_vec();
    sorted.sort_by(by_version);
    Ok(judge(scheme, version, &sorted))
}

fn below_limits(scheme: VersionScheme, version: &str, events: &[Event<'_>]) -> bool {
    let mut limits = events
        .iter()
        .filter(|event| matches!(event, Event::Limit(_)))
        .peekable();
    limits.peek().is_none() || limits.any(|limit| limit.order(scheme, version).is_gt())
}

/// Walks sorted events.
fn judge<'a>(scheme: VersionScheme, version: &str, events: &[Event<'a>]) -> Verdict<'a> {
    let mut verdict = Verdict::default();
    for event in events {
        let reached = event.reached(scheme, version);
        match *event {
            // A second beginning inside an interval does not move where it began.
            Event::Introduced(from) if reached && !verdict.affected => {
                verdict.affected = true;
                verdict.introduced = Some(from);
            }
            Event::Fixed(_) | Event::LastAffected(_) if reached => verdict = Verdict::default(),
            Event::Fixed(at) if verdict.affected => {
                verdict.fixed = Some(at);
                break;
            }
            Event::LastAffected(at) if verdict.affected => {
                verdict.last_affected = Some(at);
                break;
            }
            _ => {}
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::Event::{Fixed, Introduced, LastAffected, Limit};
    use super::VersionScheme::{Debian, Pypi, Redhat, Semver};
    use super::*;
    use proptest::prelude::*;

    fn affected<'a>(
        scheme: VersionScheme,
        events: &[Event<'_>],
        versions: &[&'a str],
    ) -> Vec<&'a str> {
        let judged = |version: &&str| in_range(scheme, version, events).unwrap().affected;
        versions.iter().copied().filter(|v| judged(v)).collect()
    }

    #[test]
    fn from_the_first_version_to_the_fix() {
        let events = [Introduced("0"), Fixed("1:2.0-1")];
        let verdict = in_range(Debian, "1:1.9-3", &events).unwrap();
        assert_eq!(
            verdict,
            Verdict {
                affected: true,
                introduced: Some("0"),
                fixed: Some("1:2.0-1"),
                last_affected: None
            }
        );
        assert_eq!(in_range(Debian, "1:2.0-1", &events), Ok(Verdict::default()));
        assert_eq!(
            affected(
                Debian,
                &events,
                &["0~~", "3.0", "1:2.0-1~deb12u1", "1:2.0-2"]
            ),
            ["0~~", "3.0", "1:2.0-1~deb12u1"]
        );
    }

    #[test]
    fn several_intervals_each_with_its_own_fix() {
        let events = [
            Fixed("2.2.5"),
            Introduced("1.0.0"),
            Fixed("1.4.1"),
            Introduced("2.0.0"),
        ];
        let versions = [
            "0.9.0",
            "1.0.0",
            "1.4.0",
            "1.4.1",
            "2.0.0-rc.1",
            "2.0.0",
            "2.2.5",
        ];
        assert_eq!(
            affected(Semver, &events, &versions),
            ["1.0.0", "1.4.0", "2.0.0"]
        );
        assert_eq!(
            in_range(Semver, "1.4.0", &events).unwrap().fixed,
            Some("1.4.1")
        );
        let second = in_range(Semver, "2.1.0", &events).unwrap();
        assert_eq!(
            (second.introduced, second.fixed),
            (Some("2.0.0"), Some("2.2.5"))
        );
    }

    #[test]
    fn the_last_affected_version_is_affected_and_names_no_fix() {
        let events = [
            Introduced("1.0"),
            LastAffected("1.5"),
            Introduced("2.0"),
            Fixed("2.1"),
        ];
        assert_eq!(
            affected(Pypi, &events, &["1.5", "1.5.post1", "1.6", "2.0"]),
            ["1.5", "2.0"]
        );
        let verdict = in_range(Pypi, "1.2", &events).unwrap();
        assert_eq!((verdict.fixed, verdict.last_affected), (None, Some("1.5")));
        assert_eq!(
            affected(
                Pypi,
                &[Introduced("1"), LastAffected("1")],
                &["1", "1.0.0", "2"]
            ),
            ["1", "1.0.0"]
        );
    }

    #[test]
    fn without_an_end_everything_later_is_affected() {
        assert_eq!(
            affected(
                Redhat,
                &[Introduced("1:1-1")],
                &["9-9", "1:1", "1:1-1", "2:0"]
            ),
            ["1:1-1", "2:0"]
        );
    }

    #[test]
    fn a_version_must_lie_below_one_of_the_limits() {
        let events = [Introduced("1"), Limit("2"), Limit("3")];
        assert_eq!(
            affected(Semver, &events, &["1", "2.5.0", "3.0.0"]),
            ["1", "2.5.0"]
        );
        assert_eq!(
            affected(Semver, &[Introduced("1"), Limit("*")], &["1", "99"]),
            ["1", "99"]
        );
    }

    #[test]
    fn events_of_one_version_keep_the_order_of_the_document() {
        assert_eq!(
            affected(Semver, &[Introduced("1.0.0"), Fixed("1.0.0")], &["1.0.0"]),
            [""; 0]
        );
        let reopened = [
            Introduced("0"),
            Fixed("2.0.0"),
            Introduced("2.0.0"),
            Fixed("3.0.0"),
        ];
        assert_eq!(
            affected(Semver, &reopened, &["1.0.0", "2.0.0", "3.0.0"]),
            ["1.0.0", "2.0.0"]
        );
    }

    #[test]
    fn a_range_that_says_nothing_is_an_error() {
        assert_eq!(
            in_range(Semver, "1.0.0", &[Fixed("2.0.0")]),
            Err(VersionError::NoIntroduced)
        );
        assert_eq!(
            in_range(Semver, "1.0.0", &[]),
            Err(VersionError::NoIntroduced)
        );
        assert!(in_range(Semver, " ", &[Introduced("0")]).is_err());
        assert!(in_range(Semver, "1.0.0", &[Introduced("0"), Fixed("")]).is_err());
    }

    proptest! {
        /// Distinct versions, alternating between the two kinds, shuffled: the intervals are known.
        #[test]
        fn the_order_of_events_does_not_matter(
            ends in proptest::collection::btree_set(1u8..60, 2..9),
            version in 0u8..62,
            seed in proptest::collection::vec(any::<u32>(), 9),
        ) {
            let texts: Vec<String> = ends.iter().map(|end| format!("1.{end}.0")).collect();
            let mut keyed: Vec<(u32, Event<'_>)> = texts.iter().enumerate().map(|(i, text)| {
                (seed[i], if i % 2 == 0 { Introduced(text) } else { Fixed(text) })
            }).collect();
            keyed.sort_by_key(|(key, _)| *key);
            let events: Vec<Event<'_>> = keyed.into_iter().map(|(_, event)| event).collect();
            let reached = ends.iter().filter(|end| **end <= version).count();
            let verdict = in_range(Semver, &format!("1.{version}.0"), &events).unwrap();
            prop_assert_eq!(verdict.affected, reached % 2 == 1);
            let fix = if verdict.affected { texts.get(reached).map(String::as_str) } else { None };
            prop_assert_eq!(verdict.fixed, fix);
        }
    }
}
