//! Which findings of a place are new, and which are gone.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use schemas::{
    Place, VulnerabilityId,
    finding::{CannotJudge, Finding},
    notification::{
        NotificationEvent, NotifiedFix, NotifiedPlace, NotifiedVulnerability, PlaceChange,
    },
};

use crate::rest;

/// Most vulnerabilities that one change names.
pub const MAX_VULNERABILITIES: usize = 100;
/// More fixes than this at once in one place are told as a digest: a person reads one message then, not fifty, and what is
/// new and what is gone fits in one transaction with all else that is kept of a place.
pub const MAX_FIXES: usize = 9;
/// Longest name, version and summary that are told, in bytes.
const MAX_NAME: usize = 200;

/// What was found in a place at one time.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Vulnerabilities.
    pub findings: &'a [Finding],
    /// Those that cannot be judged.
    pub cannot_judge: &'a [CannotJudge],
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The place.
    pub place: &'a Place,
    /// The name people know it by.
    pub name: &'a str,
    /// What was found before; `None` for a place that was never judged by any advisories: all is new then, and told as a
    /// digest.
    pub before: Option<Found<'a>>,
    /// Whether more can be read or judged than before, as of an image whose layers come one after the other: what is new may
    /// have been there before, nothing happened then, and it is told as a digest, too.
    pub sees_more: bool,
    /// What is found now.
    pub now: Found<'a>,
    /// Whether less could be read or judged now than before, so that what is missing may still be there.
    pub sees_less: bool,
    /// What was there when more could be read and judged, was not seen since, and may still be there: it is not new when it is
    /// seen again.
    pub unseen: &'a [Recognised],
}

/// A finding as it is recognised: the vulnerability and the package that advisories speak of, whatever version it has and
/// into however many packages it was split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recognised {
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// The package as advisories name it.
    pub package: String,
}

/// What was there and is not seen now, in order: of before where less can be seen than then, and of what was not seen then.
pub fn unseen(compared: &Compared<'_>) -> Vec<Recognised> {
    let has: BTreeSet<_> = compared.now.findings.iter().map(key).collect();
    let lost = compared.before.filter(|_| compared.sees_less);
    let lost = lost.map_or(&[][..], |before| before.findings).iter();
    let all: BTreeSet<_> = lost.map(key).chain(unseen_before(compared)).collect();
    let left = all.difference(&has);
    left.map(|(vulnerability, package)| Recognised {
        vulnerability: (*vulnerability).clone(),
        package: (*package).to_owned(),
    })
    .collect()
}

fn unseen_before<'a>(
    compared: &Compared<'a>,
) -> impl Iterator<Item = (&'a VulnerabilityId, &'a str)> {
    let unseen = compared.unseen.iter();
    unseen.map(|one| (&one.vulnerability, one.package.as_str()))
}

/// What changed: one change for each fix, or a digest where there are very many. A package that was replaced by one which
/// has the same vulnerability still has it, so that is no change.
pub fn changes(compared: &Compared<'_>) -> Vec<PlaceChange> {
    let before = compared.before.map_or(&[][..], |before| before.findings);
    let now = compared.now.findings;
    let had = before.iter().map(key).chain(unseen_before(compared));
    let had: BTreeSet<_> = had.collect();
    let has: BTreeSet<_> = now.iter().map(key).collect();
    let new: Vec<&Finding> = now.iter().filter(|f| !had.contains(&key(f))).collect();
    let mut changes = told(
        compared,
        NotificationEvent::FindingsNew,
        &new,
        compared.before.is_none() || compared.sees_more,
    );
    if !compared.sees_less {
        let open: BTreeSet<_> = compared
            .now
            .cannot_judge
            .iter()
            .map(|open| &open.vulnerability)
            .collect();
        let gone: Vec<&Finding> = before
            .iter()
            .filter(|f| !has.contains(&key(f)) && !open.contains(&f.vulnerability))
            .collect();
        changes.extend(told(
            compared,
            NotificationEvent::FindingsFixed,
            &gone,
            false,
        ));
    }
    changes
}

/// What [`Recognised`] is of a finding.
fn key(finding: &Finding) -> (&VulnerabilityId, &str) {
    (&finding.vulnerability, &finding.evidence.matched_name)
}

fn told(
    compared: &Compared<'_>,
    event: NotificationEvent,
    findings: &[&Finding],
    is_digest: bool,
) -> Vec<PlaceChange> {
    let mut fixes: BTreeMap<NotifiedFix, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        fixes.entry(fix(finding)).or_default().push(finding);
    }
    if fixes.is_empty() {
        return Vec::new();
    }
    if is_digest || fixes.len() > MAX_FIXES {
        return vec![change(compared, event, None, findings)];
    }
    fixes
        .into_iter()
        .map(|(fix, findings)| change(compared, event, Some(fix), &findings))
        .collect()
}

/// One update of one package; of Windows its update alone, which mends whatever it mends.
fn fix(finding: &Finding) -> NotifiedFix {
    NotifiedFix {
        package: short(&finding.evidence.matched_name),
        fixed_version: finding.fixed_version.as_deref().map(short),
        kb: finding.kb.as_deref().map(short),
    }
}

fn change(
    compared: &Compared<'_>,
    event: NotificationEvent,
    fix: Option<NotifiedFix>,
    findings: &[&Finding],
) -> PlaceChange {
    let is_digest = fix.is_none();
    let mut by_id: BTreeMap<_, NotifiedVulnerability> = BTreeMap::new();
    for finding in findings {
        let package = is_digest.then(|| short(&finding.evidence.matched_name));
        let known = by_id
            .entry((&finding.vulnerability, package.clone()))
            .or_insert_with(|| NotifiedVulnerability {
                id: finding.vulnerability.clone(),
                severity: finding.severity,
                kev: finding.kev,
                epss: finding.epss,
                fixable: false,
                score: finding.score.as_ref().map(|score| score.value),
                package,
                summary: finding.summary.as_deref().map(short),
            });
        known.severity = known.severity.max(finding.severity);
        known.fixable |= finding.fixed_version.is_some() || finding.kb.is_some();
    }
    let mut vulnerabilities: Vec<_> = by_id.into_values().collect();
    worst_first(&mut vulnerabilities);
    let rest = rest::cut(&mut vulnerabilities, MAX_VULNERABILITIES);
    let installed = findings
        .first()
        .map(|f| f.evidence.matched_version.as_str());
    PlaceChange {
        event,
        fix,
        place: NotifiedPlace {
            place: compared.place.clone(),
            name: short(compared.name),
            installed_version: installed.filter(|_| !is_digest).map(short),
        },
        vulnerabilities,
        more_vulnerabilities: rest::count(&rest),
        rest,
    }
}

/// Puts what matters most first: what is exploited, then by severity and the probability of exploitation.
pub(crate) fn worst_first(vulnerabilities: &mut [NotifiedVulnerability]) {
    vulnerabilities.sort_by(|a, b| {
        let rank = |v: &NotifiedVulnerability| Reverse((v.kev, v.severity));
        let epss = |v: &NotifiedVulnerability| v.epss.unwrap_or(0.0);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| epss(b).total_cmp(&epss(a)))
            .then_with(|| a.id.cmp(&b.id))
    });
}

fn short(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_NAME);
    text.get(..end).unwrap_or_default().to_owned()
}
