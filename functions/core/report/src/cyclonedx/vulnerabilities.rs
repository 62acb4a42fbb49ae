//! Vulnerabilities: one for each advisory row that applies, with all the packages that it is about.

use std::{borrow::Cow, collections::HashMap};

use schemas::{
    Severity,
    advisory::AdvisoryStatus,
    finding::Finding,
    policy::{Suppression, SuppressionKind, VexStatus},
    report::Report,
    severity::{SeverityRating, SeveritySource},
};
use serde::Serialize;

use super::{Property, components::Refs, property};
use crate::{links, text, words};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(rename = "bom-ref")]
    reference: String,
    id: &'a str,
    source: Source<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    ratings: Vec<Rating<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advisories: Vec<Advisory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<Analysis>,
    affects: Vec<Affected<'a>>,
    properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
struct Source<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    source: Source<'a>,
}

#[derive(Serialize)]
struct Rating<'a> {
    source: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<&'a str>,
}

#[derive(Serialize)]
struct Advisory {
    url: String,
}

#[derive(Serialize)]
struct Analysis {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Serialize)]
struct Affected<'a> {
    r#ref: &'a str,
    versions: [Version<'a>; 1],
}

#[derive(Serialize)]
struct Version<'a> {
    version: &'a str,
    status: &'static str,
}

/// Findings that one advisory row makes together.
#[derive(PartialEq, Eq, Hash)]
struct Row<'a> {
    id: &'a str,
    ecosystem: &'a str,
    release: Option<&'a str>,
    name: &'a str,
    version: &'a str,
    fixed: Option<&'a str>,
    kb: Option<&'a str>,
    severity: Severity,
    /// What is suppressed stands alone, as its reason may be about one place.
    suppressed: Option<usize>,
}

type Group<'a> = (Vec<&'a Finding>, Option<&'a Suppression>);

pub(super) fn vulnerabilities<'a>(
    report: &'a Report,
    refs: &'a Refs<'a>,
) -> impl Iterator<Item = Vulnerability<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut index: HashMap<Row<'a>, usize> = HashMap::new();
    let found = report.findings.iter().map(|finding| (finding, None, None));
    let suppressed = report
        .suppressed
        .iter()
        .enumerate()
        .map(|(at, suppressed)| (&suppressed.finding, Some(&suppressed.by), Some(at)));
    for (finding, by, suppressed) in found.chain(suppressed) {
        let evidence = &finding.evidence;
        let row = Row {
            id: finding.vulnerability.as_str(),
            ecosystem: &evidence.ecosystem.name,
            release: evidence.ecosystem.release.as_deref(),
            name: &evidence.matched_name,
            version: &evidence.matched_version,
            fixed: finding.fixed_version.as_deref(),
            kb: finding.kb.as_deref(),
            severity: finding.severity,
            suppressed,
        };
        let next = groups.len();
        let at = *index.entry(row).or_insert(next);
        match groups.get_mut(at) {
            Some((findings, _)) => findings.push(finding),
            None => groups.push((vec![finding], by)),
        }
    }
    groups
        .into_iter()
        .enumerate()
        .filter_map(|(at, (findings, by))| vulnerability(at, &findings, by, refs))
}

fn vulnerability<'a>(
    at: usize,
    findings: &[&'a Finding],
    by: Option<&Suppression>,
    refs: &'a Refs<'a>,
) -> Option<Vulnerability<'a>> {
    let first = *findings.first()?;
    let evidence = &first.evidence;
    let url = links::of_finding(first);
    let source = Source {
        name: evidence.source.feed.as_str().into(),
        url: url.clone(),
    };
    let references = evidence
        .advisory
        .iter()
        .filter(|advisory| advisory.as_str() != first.vulnerability.as_str())
        .map(|advisory| Reference {
            id: advisory,
            source: Source {
                name: evidence.source.feed.as_str().into(),
                url: None,
            },
        })
        .collect();
    let mut affects: Vec<Affected<'a>> = Vec::with_capacity(findings.len());
    for finding in findings {
        let reference = refs.of_finding(finding);
        // Of several findings in one package the first says it.
        if affects.last().is_none_or(|last| last.r#ref != reference) {
            affects.push(Affected {
                r#ref: reference,
                versions: [Version {
                    version: &finding.installed_version,
                    status: match by.and_then(|by| by.vex_status) {
                        Some(VexStatus::NotAffected | VexStatus::Fixed) => "unaffected",
                        _ => "affected",
                    },
                }],
            });
        }
    }
    Some(Vulnerability {
        reference: format!("vulnerability-{at}"),
        id: first.vulnerability.as_str(),
        source,
        references,
        ratings: ratings(first),
        description: first.summary.as_deref(),
        recommendation: recommendation(first),
        advisories: url.into_iter().map(|url| Advisory { url }).collect(),
        analysis: analysis(first, by),
        affects,
        properties: properties(first),
    })
}

fn ratings(finding: &Finding) -> Vec<Rating<'_>> {
    if finding.ratings.is_empty() {
        return vec![Rating {
            source: Source {
                name: finding.evidence.source.feed.as_str().into(),
                url: None,
            },
            score: None,
            severity: finding.severity.as_str(),
            method: None,
            vector: None,
        }];
    }
    finding
        .ratings
        .iter()
        .map(|rating| Rating {
            source: Source {
                name: rater(rating.source, finding),
                url: None,
            },
            score: rating
                .cvss_score
                .filter(|score| score.is_finite() && (0.0..=10.0).contains(score)),
            severity: rating.severity.as_str(),
            method: method(rating),
            vector: rating.cvss_vector.as_deref(),
        })
        .collect()
}

fn rater(source: SeveritySource, finding: &Finding) -> Cow<'_, str> {
    match source {
        SeveritySource::Vendor => Cow::Owned(format!("{} (vendor)", finding.evidence.source.feed)),
        SeveritySource::Cna => "CNA".into(),
        SeveritySource::Adp => "ADP".into(),
        SeveritySource::Nvd => "NVD".into(),
        SeveritySource::Unknown => "unknown".into(),
    }
}

fn method(rating: &SeverityRating) -> Option<&'static str> {
    let vector = rating.cvss_vector.as_deref()?;
    Some(if vector.starts_with("CVSS:4") {
        "CVSSv4"
    } else if vector.starts_with("CVSS:3.1") {
        "CVSSv31"
    } else if vector.starts_with("CVSS:3") {
        "CVSSv3"
    } else if vector.starts_with("AV:") {
        "CVSSv2"
    } else {
        "other"
    })
}

fn recommendation(finding: &Finding) -> Option<String> {
    let name = &finding.evidence.matched_name;
    match (&finding.fixed_version, &finding.kb) {
        (Some(version), Some(kb)) => Some(format!("Install {kb} or a later update ({version}).")),
        (Some(version), None) => Some(format!("Update {name} to {version} or later.")),
        (None, Some(kb)) => Some(format!("Install {kb} or a later update.")),
        (None, None) => None,
    }
}

fn analysis(finding: &Finding, by: Option<&Suppression>) -> Option<Analysis> {
    let Some(by) = by else {
        return (finding.status == AdvisoryStatus::WillNotFix).then_some(Analysis {
            state: None,
            justification: None,
            response: Some(["will_not_fix"]),
            detail: Some("the vendor will not fix it".to_owned()),
        });
    };
    Some(Analysis {
        state: by.vex_status.map(|status| match status {
            VexStatus::NotAffected => "not_affected",
            VexStatus::Affected => "exploitable",
            VexStatus::Fixed => "resolved",
            VexStatus::UnderInvestigation => "in_triage",
        }),
        justification: by.vex_justification.as_deref().and_then(justification),
        response: (by.kind == SuppressionKind::Unfixed).then_some(["can_not_fix"]),
        detail: Some(text::plain(&words::suppressed(by)).into_owned()),
    })
}

/// OpenVEX's justifications in CycloneDX's words, where there is one for it; the detail has all of them.
fn justification(word: &str) -> Option<&'static str> {
    match word {
        "component_not_present" | "vulnerable_code_not_present" => Some("code_not_present"),
        "vulnerable_code_not_in_execute_path" => Some("code_not_reachable"),
        "inline_mitigations_already_exist" => Some("protected_by_mitigating_control"),
        _ => None,
    }
}

fn properties(finding: &Finding) -> Vec<Property<'_>> {
    let mut properties = vec![
        property("bulkhead:severity", finding.severity.as_str()),
        property(
            "bulkhead:known_exploited",
            if finding.kev { "true" } else { "false" },
        ),
        property("bulkhead:comparison", finding.evidence.comparison.as_str()),
        property("bulkhead:fix", words::fix(finding)),
    ];
    if let Some(epss) = finding.epss {
        properties.push(property("bulkhead:epss", epss.to_string()));
    }
    if let Some(score) = &finding.score {
        properties.push(property("bulkhead:score", format!("{:.1}", score.value)));
    }
    if let Some(base) = finding.in_base_image {
        properties.push(property(
            "bulkhead:in_base_image",
            if base { "true" } else { "false" },
        ));
    }
    if let Some(at) = finding.fix_at {
        properties.push(property("bulkhead:fix_at", words::fix_at(at)));
    }
    properties
}
