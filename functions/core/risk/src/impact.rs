//! Impact: what comes of it when it is exploited.

use schemas::{
    Severity,
    risk::{PartGroup, VulnerabilityFacts},
};

use crate::part::{Part, share};

const GROUP: PartGroup = PartGroup::Impact;
/// CVSS 10.
const SEVERITY: u16 = 200;
/// Twice the middle of the band of CVSS 3.1 that the word stands for.
const CRITICAL: u16 = 190;
const HIGH: u16 = 160;
const MEDIUM: u16 = 110;
const LOW: u16 = 40;
/// An attacker gains all that there is.
const TOTAL: u16 = 50;
/// An attacker gains some of it.
const PARTIAL: u16 = 20;
/// Nobody said how much: between the two.
const NOT_KNOWN: u16 = 30;

pub(crate) fn severity_tenths(severity: Severity, cvss_score: Option<f32>) -> u16 {
    match (cvss_score, severity) {
        (Some(cvss), _) => share(SEVERITY, cvss / 10.0),
        (None, Severity::Critical) => CRITICAL,
        (None, Severity::High) => HIGH,
        (None, Severity::Medium | Severity::Unknown) => MEDIUM,
        (None, Severity::Low) => LOW,
    }
}

pub(crate) fn technical_tenths(facts: &VulnerabilityFacts) -> u16 {
    match facts.technical_impact.as_deref() {
        Some("total") => TOTAL,
        Some("partial") => PARTIAL,
        _ => NOT_KNOWN,
    }
}

pub(crate) fn parts(facts: &VulnerabilityFacts) -> [Part; 2] {
    let word = facts.severity.as_str();
    let severity = match facts.cvss_score {
        Some(cvss) => format!("{word} severity, CVSS {cvss:.1}"),
        None => format!("{word} severity, no CVSS score"),
    };
    let technical = match facts.technical_impact.as_deref() {
        Some("total") => "an attacker gains total control",
        Some("partial") => "an attacker gains control in part",
        _ => "not known how much control an attacker gains",
    };
    [
        Part {
            group: GROUP,
            name: "severity",
            tenths: severity_tenths(facts.severity, facts.cvss_score),
            max_tenths: SEVERITY,
            reason: severity,
        },
        Part {
            group: GROUP,
            name: "technical_impact",
            tenths: technical_tenths(facts),
            max_tenths: TOTAL,
            reason: technical.to_owned(),
        },
    ]
}
