//! What a notification does not name: how many vulnerabilities, by what channels can ask for, so that a channel that wants
//! some of those only is told of them.

use schemas::{
    Severity,
    api::notification::NotificationConditions,
    notification::{NotifiedRest, NotifiedVulnerability},
};

/// Leaves the first so many of vulnerabilities and counts the others; says how many those are.
pub(crate) fn cut(
    vulnerabilities: &mut Vec<NotifiedVulnerability>,
    most: usize,
    rest: &mut Vec<NotifiedRest>,
) -> u32 {
    let mut left = 0_u32;
    for known in vulnerabilities.iter().skip(most) {
        left = left.saturating_add(1);
        let one = NotifiedRest {
            severity: known.severity,
            kev: known.kev,
            fixable: known.fixable,
            epss: known.epss,
            count: 1,
        };
        put(rest, &one);
    }
    vulnerabilities.truncate(most);
    left
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
