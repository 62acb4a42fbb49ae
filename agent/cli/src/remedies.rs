//! What to do first: the updates that take away the highest risks, each with all that it fixes.

use std::{cmp::Ordering, collections::BTreeMap};

use advisories::version::VersionScheme;
use schemas::{
    finding::{Finding, FixAt},
    inventory::TargetKind,
    report::Remedy,
};

/// Findings that one update fixes together, and the highest version among their fixes.
#[derive(Default)]
struct Group<'a> {
    findings: Vec<&'a Finding>,
    highest: Option<&'a Finding>,
}

/// The updates that fix something, the highest score first, then the one that fixes more. An image is not updated in
/// place: Windows itself is remedied there by a newer base.
pub fn remedies(findings: &[Finding], target: TargetKind) -> Vec<Remedy> {
    let mut groups: BTreeMap<(&str, &str, &str), Group<'_>> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.fixed_version.is_some()) {
        let evidence = &finding.evidence;
        let key = (
            evidence.ecosystem.name.as_str(),
            evidence.matched_name.as_str(),
            evidence.matched_version.as_str(),
        );
        let group = groups.entry(key).or_default();
        group.findings.push(finding);
        let higher = group
            .highest
            .is_none_or(|highest| order(finding, highest) == Ordering::Greater);
        if higher {
            group.highest = Some(finding);
        }
    }
    let mut remedies: Vec<_> = groups
        .values()
        .filter_map(|group| remedy(group, target))
        .collect();
    remedies.sort_by(|a, b| {
        b.top_score
            .total_cmp(&a.top_score)
            .then_with(|| b.vulnerabilities.cmp(&a.vulnerabilities))
            .then_with(|| a.action.cmp(&b.action))
    });
    remedies
}

fn remedy(group: &Group<'_>, target: TargetKind) -> Option<Remedy> {
    let highest = group.highest?;
    let fixed = highest.fixed_version.as_deref()?;
    let action = match (&highest.purl, &highest.kb) {
        (None, _) if target == TargetKind::Image => {
            let at_host = group
                .findings
                .iter()
                .any(|f| matches!(f.fix_at, Some(FixAt::Host | FixAt::Both)));
            let host = if at_host {
                ", and update the host where FIX AT says so"
            } else {
                ""
            };
            format!(
                "{}: rebuild on a base image of {fixed} or later{host}",
                highest.package
            )
        }
        (None, Some(kb)) => format!("{}: install {kb} or a later one ({fixed})", highest.package),
        (None, None) => format!("{}: update to {fixed}", highest.package),
        _ => format!(
            "{}: update {} to {fixed}",
            highest.evidence.matched_name, highest.evidence.matched_version
        ),
    };
    let count = |wanted: &dyn Fn(&Finding) -> bool| {
        let mut ids: Vec<_> = group
            .findings
            .iter()
            .filter(|finding| wanted(finding))
            .map(|finding| finding.vulnerability.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        u32::try_from(ids.len()).unwrap_or(u32::MAX)
    };
    Some(Remedy {
        action,
        top_score: group
            .findings
            .iter()
            .filter_map(|finding| finding.score.as_ref())
            .map(|score| score.value)
            .fold(0.0, f32::max),
        vulnerabilities: count(&|_| true),
        known_exploited: count(&|finding| finding.kev),
    })
}

/// Orders two findings of one package by the version that fixes them.
fn order(a: &Finding, b: &Finding) -> Ordering {
    let fixed = |finding: &Finding| finding.fixed_version.clone().unwrap_or_default();
    let (fixed_a, fixed_b) = (fixed(a), fixed(b));
    let form = a.purl.as_deref().and_then(|purl| purl.strip_prefix("pkg:"));
    let scheme = match form.and_then(|rest| rest.split('/').next()) {
        Some("deb") => VersionScheme::Debian,
        Some("apk") => VersionScheme::Alpine,
        Some("rpm") => VersionScheme::Redhat,
        Some("pypi") => VersionScheme::Pypi,
        Some("npm" | "golang" | "cargo") => VersionScheme::Semver,
        Some("nuget") => VersionScheme::Nuget,
        Some("maven") => VersionScheme::Maven,
        Some("gem") => VersionScheme::RubyGems,
        Some("composer") => VersionScheme::Packagist,
        _ => return numbers(&fixed_a).cmp(&numbers(&fixed_b)),
    };
    scheme.order(&fixed_a, &fixed_b)
}

/// The numbers of a dotted build.
fn numbers(build: &str) -> Vec<u64> {
    build
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use schemas::{
        Severity,
        advisory::{AdvisorySource, AdvisoryStatus, Ecosystem},
        finding::MatchEvidence,
        risk::{FactorSet, Score},
    };

    use super::*;

    fn finding(id: &str, purl: Option<&str>, fixed: Option<&str>, score: f32) -> Finding {
        Finding {
            in_base_image: None,
            fixed_at: None,
            vulnerability: id.parse().unwrap(),
            package: "thing".to_owned(),
            purl: purl.map(str::to_owned),
            installed_version: "1.0".to_owned(),
            fixed_version: fixed.map(str::to_owned),
            severity: Severity::High,
            ratings: Vec::new(),
            kev: false,
            epss: None,
            epss_percentile: None,
            kb: purl.is_none().then(|| "KB5000001".to_owned()),
            status: AdvisoryStatus::Fixed,
            fix_at: None,
            path: None,
            layer: None,
            summary: None,
            evidence: MatchEvidence {
                ecosystem: Ecosystem {
                    name: "x".to_owned(),
                    release: None,
                },
                matched_name: "thing".to_owned(),
                matched_version: "1.0".to_owned(),
                advisory: None,
                range: None,
                comparison: String::new(),
                product_id: None,
                fix_requires: None,
                source: AdvisorySource::default(),
            },
            score: Some(Score {
                value: score,
                parts: Vec::new(),
            }),
            excepted_by: None,
            factors: FactorSet::NONE,
            deadline: None,
            fixed_in: None,
        }
    }

    #[test]
    fn one_update_goes_to_the_highest_version_that_any_fix_needs() {
        let deb = Some("pkg:deb/debian/thing@1.0");
        let findings = [
            finding("CVE-2026-1", deb, Some("1.0+deb12u9"), 40.0),
            finding("CVE-2026-2", deb, Some("1.0+deb12u10"), 60.0),
            finding("CVE-2026-2", deb, Some("1.0+deb12u10"), 60.0),
            finding("CVE-2026-3", deb, None, 90.0),
        ];
        let remedies = remedies(&findings, TargetKind::Host);
        let [only] = remedies.as_slice() else {
            panic!("{remedies:?}");
        };
        assert_eq!(only.action, "thing: update 1.0 to 1.0+deb12u10");
        assert_eq!(only.vulnerabilities, 2);
        assert!((only.top_score - 60.0).abs() < f32::EPSILON);
    }

    #[test]
    fn windows_is_updated_on_a_host_and_rebuilt_in_an_image() {
        let findings = [
            finding("CVE-2026-1", None, Some("10.0.17763.999"), 1.0),
            finding("CVE-2026-2", None, Some("10.0.17763.6293"), 1.0),
        ];
        let on = |target| remedies(&findings, target).remove(0).action;
        assert_eq!(
            on(TargetKind::Host),
            "thing: install KB5000001 or a later one (10.0.17763.6293)"
        );
        assert_eq!(
            on(TargetKind::Image),
            "thing: rebuild on a base image of 10.0.17763.6293 or later"
        );
    }
}
