//! Risk factors: marks of what makes a vulnerability worse here, or lets it be mended. A mark is set where a fact says so and
//! never guessed: what is missing may still be so.
//!
//! Of the marks that the field knows, these cannot be known yet and are never set: that a place holds secrets
//! (`sensitive_information`), and, until an agent tells, that a running process has loaded the package (`package_in_use`).
//! Whether others can run code is told by Microsoft's titles alone; a CVSS vector does not say it.

use schemas::{
    Severity, VulnerabilityId,
    finding::Finding,
    risk::{Answer, Exposure, Factor, FactorSet, PlaceFacts, VulnerabilityFacts},
};

use crate::score::rating_used;

/// Every mark of a vulnerability in a place, in this year.
pub fn factors(
    id: &VulnerabilityId,
    facts: &VulnerabilityFacts,
    fix_available: bool,
    place: &PlaceFacts,
    year: u16,
) -> FactorSet {
    intel_factors(id, facts, year)
        .and(rating_factors(facts.severity, fix_available))
        .and(place_factors(place))
}

/// The marks that a vulnerability has wherever it is, in this year.
pub fn intel_factors(id: &VulnerabilityId, facts: &VulnerabilityFacts, year: u16) -> FactorSet {
    let is_public = matches!(facts.exploitation.as_deref(), Some("poc" | "active"));
    facts
        .factors
        .with(
            Factor::KnownExploited,
            facts.known_exploited || facts.ransomware,
        )
        .with(
            Factor::ExploitPublic,
            is_public || facts.public_exploits > 0,
        )
        .with(Factor::Recent, is_recent(id, year))
}

/// Whether its id is of this year or the last.
///
/// When a CVE was published is in no document that every site has; its id tells the year it was numbered in, which is that year
/// or the one before.
fn is_recent(id: &VulnerabilityId, year: u16) -> bool {
    let of = id.as_str().strip_prefix("CVE-");
    let of = of.and_then(|rest| rest.split('-').next()?.parse::<u16>().ok());
    of.is_some_and(|of| (year.saturating_sub(1)..=year).contains(&of))
}

/// The marks that a place's own rating gives a vulnerability.
pub fn rating_factors(severity: Severity, fix_available: bool) -> FactorSet {
    FactorSet::NONE
        .with(Factor::CriticalSeverity, severity == Severity::Critical)
        .with(Factor::HighSeverity, severity == Severity::High)
        .with(Factor::MediumSeverity, severity == Severity::Medium)
        .with(Factor::FixAvailable, fix_available)
}

/// The marks that a place gives to all that is in it.
pub fn place_factors(place: &PlaceFacts) -> FactorSet {
    let reached = matches!(
        place.exposure,
        Exposure::PublicAddress | Exposure::Declared | Exposure::Observed
    );
    [
        (Factor::Listening, place.listening),
        (Factor::Root, place.root),
        (Factor::NoSecurityProfile, place.no_security_profile),
        (Factor::Privileged, place.privileged),
        (Factor::RootMount, place.host_mounts),
        (Factor::RuntimeSocket, place.runtime_socket),
        (Factor::HostAccess, place.host_namespaces),
        (Factor::PackageInUse, place.package_in_use),
    ]
    .into_iter()
    .fold(
        FactorSet::NONE.with(Factor::InternetReachable, reached),
        |all, (factor, answer)| all.with(factor, answer == Answer::Yes),
    )
}

/// The marks of a finding's vulnerability that hold wherever it is: those of a CVSS vector, which is the one that everybody
/// knows or else the finding's own, and those of its vendor's words.
pub fn lasting_factors(finding: &Finding, known_vector: Option<&str>) -> FactorSet {
    let own = || rating_used(finding).and_then(|rating| rating.cvss_vector.as_deref());
    let of_vector = known_vector.or_else(own).map(vector_factors);
    of_vector.unwrap_or_default().and(vendor_factors(finding))
}

/// The marks that Microsoft's titles give: "Windows TCP/IP Remote Code Execution Vulnerability".
fn vendor_factors(finding: &Finding) -> FactorSet {
    if !finding.evidence.source.feed.starts_with("msrc") {
        return FactorSet::NONE;
    }
    let title = finding.summary.as_deref().unwrap_or_default();
    FactorSet::NONE
        .with(
            Factor::RemoteExecution,
            title.contains("Remote Code Execution"),
        )
        .with(Factor::DenialOfService, title.contains("Denial of Service"))
}

/// The marks of a CVSS vector of version 2, 3 or 4.
fn vector_factors(vector: &str) -> FactorSet {
    let metric = |name: &str| {
        vector.split(['/', '(', ')']).find_map(|part| {
            let (key, value) = part.split_once(':')?;
            (key == name).then_some(value)
        })
    };
    // Version 4 tells the losses of the vulnerable system apart from those of others.
    let loss = |old: &str, new: &str| metric(new).or_else(|| metric(old));
    let is_none = |value: Option<&str>| value == Some("N");
    let is_available_only = is_none(loss("C", "VC"))
        && is_none(loss("I", "VI"))
        && matches!(loss("A", "VA"), Some("H" | "C"));
    FactorSet::NONE
        .with(Factor::AttackVectorNetwork, metric("AV") == Some("N"))
        .with(Factor::AttackComplexityLow, metric("AC") == Some("L"))
        .with(Factor::DenialOfService, is_available_only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_every_version_are_read() {
        let marks = |vector| vector_factors(vector).iter().collect::<Vec<_>>();
        assert_eq!(
            marks("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"),
            [
                Factor::DenialOfService,
                Factor::AttackComplexityLow,
                Factor::AttackVectorNetwork
            ]
        );
        assert_eq!(
            marks("CVSS:4.0/AV:N/AC:H/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:H/SI:N/SA:N"),
            [Factor::DenialOfService, Factor::AttackVectorNetwork]
        );
        assert_eq!(
            marks("(AV:L/AC:L/Au:N/C:P/I:N/A:C)"),
            [Factor::AttackComplexityLow]
        );
        assert_eq!(marks("nothing:of/the:kind"), []);
    }

    #[test]
    fn recent_is_this_year_and_the_last() {
        let recent = |id: &str| is_recent(&id.parse().unwrap(), 2026);
        assert!(recent("CVE-2026-1") && recent("CVE-2025-21999"));
        assert!(!recent("CVE-2024-38063") && !recent("CVE-2027-1"));
        assert!(!recent("GHSA-2026-aaaa-bbbb"));
    }

    #[test]
    fn what_is_not_known_sets_no_mark() {
        assert!(place_factors(&PlaceFacts::default()).is_empty());
        let id = "GHSA-aaaa-bbbb-cccc".parse().unwrap();
        let nothing = VulnerabilityFacts::default();
        assert!(factors(&id, &nothing, false, &PlaceFacts::default(), 2026).is_empty());
    }
}
