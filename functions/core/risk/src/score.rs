//! The score: parts that add up to at most 100, in groups that each answer one question.
//!
//! | group | part | at most | points |
//! |---|---|---|---|
//! | likelihood | `known_exploited` | 22 | 18 when listed in CISA KEV or exploited by the vendor's word, 22 when ransomware uses it |
//! | | `epss` | 8 | 8 × EPSS probability |
//! | | `exploit` | 5 | SSVC exploitation: active 5; poc, or a public exploit, 3 |
//! | impact | `severity` | 20 | 2 × CVSS base score; without one by word: critical 19, high 16, medium 11, low 4, unknown 11 |
//! | | `technical_impact` | 5 | SSVC technical impact: total 5, unknown 3, partial 2 |
//! | exposure | `exposure` | 15 | observed 15, declared 14, public address 12, published 10, unknown 5, internal 4, none 0 |
//! | privilege | `root` | 4 | yes 4, unknown 2 |
//! | | `privileged` | 3 | yes 3, unknown 1 |
//! | | `capabilities` | 1 | yes 1, unknown 0.5 |
//! | | `no_security_profile` | 1 | yes 1, unknown 0.5 |
//! | | `host_namespaces` | 1 | yes 1, unknown 0.5 |
//! | | `host_mounts` | 1 | yes 1, unknown 0.5 |
//! | | `runtime_socket` | 2 | yes 2, unknown 1 |
//! | use | `running` | 3 | no container 0, one 1, up to nine 2, more 3; unknown, or a host, 1 |
//! | | `package_in_use` | 2 | yes 2, unknown 1 |
//! | value | `critical` | 4 | 4 when a label declares the place critical |
//! | readiness | `fix` | 3 | 3 when a fix is available: it can be acted on |
//!
//! Why these points. What is exploited is mended first: of all vulnerabilities one in a hundred is in CISA's catalogue
//! (<https://www.cisa.gov/known-exploited-vulnerabilities-catalog>) and about one in twenty ever exploited (EPSS,
//! <https://www.first.org/epss/model>), so likelihood has the most, 35, and its facts the order of how sure they are: seen by
//! somebody, foretold, possible. Impact has 25, since severity alone ranks a third of everything first; technical impact
//! (SSVC, <https://www.cisa.gov/ssvc>) tells apart what CVSS rates alike. What differs from place to place, 37 together, is more
//! than impact: exposure 15, because what nobody reaches nobody attacks, as much as the step from a CVSS of 2.5 to 10;
//! privilege 13, in the order of how far it takes an attacker, where `root` leads because it is what most break-outs start
//! from, and single doors to the host count 1 or 2 each, which a privileged container has all of; use 5; value 4. Readiness has
//! 3, enough to put what can be mended before its like and not before what is worse.
//!
//! The words' points are twice the middle of their CVSS 3.1 band. Unknown of a place lies between the answers, so that
//! learning a fact can raise or lower a score and not knowing it is never a discount to zero; it is nearer to no, so that a
//! place of which nobody knows anything does not come before one that is known to be reached. Of the whole world's exploits
//! not to be listed is itself a fact, and counts nothing. Exceptions hide a finding and never change its score.
//!
//! What has no column above has no part in it: `listening`, `own_kernel` and `factors` are shown and not counted, since
//! `exposure` and `severity` count the same.

use schemas::{
    Severity,
    finding::Finding,
    risk::{PlaceFacts, Score, VulnerabilityFacts},
    severity::SeverityRating,
};

use crate::{
    exposure,
    factors::lasting_factors,
    impact, likelihood,
    part::{Part, from_tenths},
    privilege, readiness, usage, value,
};

/// The most points that all parts together can give.
pub const MAX_POINTS: f32 = 100.0;

/// The score of a vulnerability in a place, from these facts and nothing else.
pub fn score(vulnerability: &VulnerabilityFacts, fix_available: bool, place: &PlaceFacts) -> Score {
    let mut parts: Vec<Part> = Vec::with_capacity(17);
    parts.extend(likelihood::parts(vulnerability));
    parts.extend(impact::parts(vulnerability));
    parts.push(exposure::part(place));
    parts.extend(privilege::parts(place));
    parts.extend(usage::parts(place));
    parts.push(value::part(place));
    parts.push(readiness::part(fix_available));
    Score {
        value: from_tenths(parts.iter().map(|part| part.tenths).sum()),
        parts: parts.into_iter().map(Into::into).collect(),
    }
}

/// The rating that a finding's severity was taken from and that its score uses: the first with a CVSS score and that
/// severity, or else the first with a CVSS score.
pub fn rating_used(finding: &Finding) -> Option<&SeverityRating> {
    let scored = || {
        finding
            .ratings
            .iter()
            .filter(|rating| rating.cvss_score.is_some())
    };
    scored()
        .find(|rating| rating.severity == finding.severity)
        .or_else(|| scored().next())
}

/// Whether something can be done about a finding: a fixed version or an update is named.
pub fn fix_available(finding: &Finding) -> bool {
    finding.fixed_version.is_some() || finding.kb.is_some()
}

/// What is known of a finding's vulnerability, with the finding's own severity, CVSS score and marks.
pub fn finding_facts(finding: &Finding, known: &VulnerabilityFacts) -> VulnerabilityFacts {
    let used = rating_used(finding);
    let own = lasting_factors(finding, known.cvss_vector.as_deref());
    VulnerabilityFacts {
        severity: finding.severity,
        cvss_score: used.and_then(|rating| rating.cvss_score),
        cvss_vector: used.and_then(|rating| rating.cvss_vector.clone()),
        factors: known.factors.and(own),
        ..known.clone()
    }
}

/// The score of a finding in a place, from what is known of its vulnerability wherever it is; the severity and CVSS score
/// used are the finding's own.
pub fn finding_score(finding: &Finding, known: &VulnerabilityFacts, place: &PlaceFacts) -> Score {
    score(
        &finding_facts(finding, known),
        fix_available(finding),
        place,
    )
}

/// The tenths of a point for severity and fix: what a place's own rating of a vulnerability contributes.
///
/// With [`intel_tenths`] and [`place_tenths`], whose sum with it is the score, a list of millions can be ranked without
/// writing down reasons.
pub fn rating_tenths(severity: Severity, cvss_score: Option<f32>, fix_available: bool) -> u16 {
    impact::severity_tenths(severity, cvss_score) + readiness::tenths(fix_available)
}

/// The tenths of a point for likelihood and technical impact: what is the same wherever the vulnerability is.
pub fn intel_tenths(facts: &VulnerabilityFacts) -> u16 {
    likelihood::tenths(facts) + impact::technical_tenths(facts)
}

/// The tenths of a point that a place contributes whatever is in it: exposure, privilege, use and value.
pub fn place_tenths(place: &PlaceFacts) -> u16 {
    exposure::tenths(place.exposure)
        + privilege::tenths(place)
        + usage::tenths(place)
        + value::tenths(place)
}
