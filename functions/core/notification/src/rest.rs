//! What a notification does not name: how many vulnerabilities, by what channels can ask for, so that a channel that wants
//! some of those only is told of them.

use schemas::{
    Severity,
    api::notification::NotificationConditions,
    notification::{NotifiedRest, NotifiedVulnerability},
};

/// Of each kind so many are named before worse ones of other kinds are: who asks for that kind alone is told some by name.
const NAMED_OF_KIND: usize = 3;

/// Leaves so many of vulnerabilities, of which the first matter most, and counts the others.
pub(crate) fn cut(
    vulnerabilities: &mut Vec<NotifiedVulnerability>,
    most: usize,
) -> Vec<NotifiedRest> {
    let mut rest = Vec::new();
    if vulnerabilities.len() <= most {
        return rest;
    }
    let mut kinds: Vec<((Severity, bool, bool), usize)> = Vec::new();
    let is_first: Vec<bool> = vulnerabilities
        .iter()
        .map(|known| {
            let kind = (known.severity, known.kev, known.fixable);
            match kinds.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, named)) => {
                    *named += 1;
                    *named <= NAMED_OF_KIND
                }
                None => {
                    kinds.push((kind, 1));
                    true
                }
            }
        })
        .collect();
    let first = is_first.iter().filter(|first| **first).count();
    let mut room = most.saturating_sub(first);
    let mut left = most;
    let mut is_first = is_first.into_iter();
    vulnerabilities.retain(|known| {
        let named = if is_first.next().unwrap_or(false) {
            left > 0
        } else if room > 0 {
            room -= 1;
            true
        } else {
            false
        };
        if named {
            left = left.saturating_sub(1);
        } else {
            let one = NotifiedRest {
                severity: known.severity,
                kev: known.kev,
                fixable: known.fixable,
                epss: known.epss,
                count: 1,
            };
            put(&mut rest, &one);
        }
        named
    });
    rest
}

/// Has at least as many of a kind as these are: the same ones, told of more than one place.
pub(crate) fn cover(rest: &mut Vec<NotifiedRest>, other: &NotifiedRest) {
    let same = |known: &&NotifiedRest| {
        (known.severity, known.kev, known.fixable) == (other.severity, other.kev, other.fixable)
    };
    let known = rest.iter().find(same).map_or(0, |known| known.count);
    let more = NotifiedRest {
        count: other.count.saturating_sub(known),
        ..other.clone()
    };
    put(rest, &more);
}

/// Adds some to those of the same kind. There are as many kinds as severities times four, at most.
pub(crate) fn put(rest: &mut Vec<NotifiedRest>, other: &NotifiedRest) {
    let same = |known: &&mut NotifiedRest| {
        (known.severity, known.kev, known.fixable) == (other.severity, other.kev, other.fixable)
    };
    match rest.iter_mut().find(same) {
        Some(known) => {
            known.count = known.count.saturating_add(other.count);
            known.epss = match (known.epss, other.epss) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
        }
        None => rest.push(other.clone()),
    }
}

/// Those that meet conditions. Of one kind only the highest EPSS probability is known: where that is asked for, at least one
/// is like that, and one is counted.
pub(crate) fn wanted(
    rest: &[NotifiedRest],
    conditions: &NotificationConditions,
) -> Vec<NotifiedRest> {
    let is_wanted = |known: &&NotifiedRest| {
        meet(
            conditions,
            known.severity,
            known.kev,
            known.fixable,
            known.epss,
        )
    };
    let counted = |known: &NotifiedRest| NotifiedRest {
        count: match conditions.min_epss {
            Some(_) => known.count.min(1),
            None => known.count,
        },
        ..known.clone()
    };
    rest.iter().filter(is_wanted).map(counted).collect()
}

/// How many there are.
pub(crate) fn count(rest: &[NotifiedRest]) -> u32 {
    let sum = |sum: u32, known: &NotifiedRest| sum.saturating_add(known.count);
    rest.iter().fold(0, sum)
}

/// Whether something meets what a channel asks for.
pub(crate) fn meet(
    conditions: &NotificationConditions,
    severity: Severity,
    kev: bool,
    fixable: bool,
    epss: Option<f32>,
) -> bool {
    let is_severe = conditions
        .min_severity
        .is_none_or(|least| severity >= least);
    let is_exploited = !conditions.known_exploited || kev;
    let is_fixable = !conditions.fixable || fixable;
    let is_likely = conditions
        .min_epss
        .is_none_or(|least| epss.is_some_and(|epss| epss >= least));
    is_severe && is_exploited && is_fixable && is_likely
}
