//! Results: one for each finding, suppressed ones included, and one when not everything was scanned.

use std::collections::HashMap;

use schemas::{
    finding::Finding,
    policy::{FindingRef, Suppression, SuppressionKind},
    report::Report,
};
use serde::Serialize;

use super::rules::{self, NOT_FULLY_SCANNED, Rules};
use crate::{identity::Fingerprints, links, text, words};

/// What the result about coverage names of gaps and of what a gate lacks; all of it is in notifications.
const NAMED_GAPS: usize = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: PartialFingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<SarifSuppression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Properties>,
}

#[derive(Serialize)]
pub(super) struct Message {
    text: String,
}

impl Message {
    /// A message that shows the text as it is. Source: SARIF 2.1.0, sections 3.11.5 (placeholders) and 3.11.6 (links).
    pub(super) fn of(text: &str) -> Self {
        let mut out = String::with_capacity(text.len() + 8);
        for c in text::plain(text).chars() {
            match c {
                '{' => out.push_str("{{"),
                '}' => out.push_str("}}"),
                '\\' | '[' | ']' => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
        Self { text: out }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

impl Location {
    pub(super) fn of_file(uri: String) -> Self {
        Self {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri },
                // GitHub asks for a line; a package's record is a whole file.
                region: Region { start_line: 1 },
            },
            logical_locations: Vec::new(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// GitHub knows alerts again by the first; the second is for all others and says how it was made.
#[derive(Serialize)]
struct PartialFingerprints {
    #[serde(rename = "primaryLocationLineHash")]
    github: String,
    #[serde(rename = "bulkheadFinding/v1")]
    own: String,
}

#[derive(Serialize)]
struct SarifSuppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    severity: &'static str,
    status: String,
    installed_version: String,
    fixed_version: Option<String>,
    purl: Option<String>,
    kb: Option<String>,
    known_exploited: bool,
    epss: Option<f32>,
    score: Option<f32>,
    layer: Option<String>,
    in_base_image: Option<bool>,
    comparison: String,
    feed: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violates: Vec<String>,
}

/// The rules of policies that findings violate.
pub(super) struct Violated<'a>(HashMap<&'a FindingRef, Vec<String>>);

impl<'a> Violated<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut rules: HashMap<_, Vec<String>> = HashMap::new();
        for violation in report.policy.iter().flat_map(|policy| &policy.violations) {
            if let Some(finding) = &violation.finding {
                rules
                    .entry(finding)
                    .or_default()
                    .push(format!("{}/{}", violation.policy, violation.rule));
            }
        }
        Self(rules)
    }

    fn by(&self, finding: &Finding) -> Vec<String> {
        if self.0.is_empty() {
            return Vec::new();
        }
        self.0
            .get(&FindingRef::from(finding))
            .cloned()
            .unwrap_or_default()
    }
}

pub(super) fn results<'a>(
    report: &'a Report,
    rules: &'a Rules<'a>,
    violated: &'a Violated<'a>,
) -> impl Iterator<Item = SarifResult> + 'a {
    let place = links::relative(&report.target.name).unwrap_or_else(|| "target".to_owned());
    let whole = words::incomplete(report)
        .map(|meaning| not_fully_scanned(report, meaning, rules, place.clone()));
    let found = report.findings.iter().map(|finding| (finding, None));
    let suppressed = report
        .suppressed
        .iter()
        .map(|suppressed| (&suppressed.finding, Some(&suppressed.by)));
    let mut fingerprints = Fingerprints::default();
    found
        .chain(suppressed)
        .map(move |(finding, by)| {
            let mut result = result(finding, rules, &place, fingerprints.next(finding));
            result.suppressions = by.map(suppression).into_iter().collect();
            if let Some(properties) = &mut result.properties {
                properties.violates = violated.by(finding);
            }
            result
        })
        .chain(whole)
}

fn result(finding: &Finding, rules: &Rules<'_>, place: &str, fingerprint: String) -> SarifResult {
    let id = finding.vulnerability.as_str();
    // Windows itself has no file of its own: the target stands for it.
    let uri = finding
        .path
        .as_deref()
        .and_then(links::relative)
        .unwrap_or_else(|| place.to_owned());
    let mut location = Location::of_file(uri);
    location.logical_locations.push(LogicalLocation {
        name: text::plain(&finding.package).into_owned(),
        fully_qualified_name: finding.purl.clone().unwrap_or_else(|| {
            text::plain(&format!(
                "{} {}",
                finding.package, finding.installed_version
            ))
            .into_owned()
        }),
        kind: "package",
    });
    SarifResult {
        rule_id: id.to_owned(),
        rule_index: rules.index(id),
        level: rules::level(finding.severity),
        message: Message::of(&words::sentence(finding)),
        locations: [location],
        partial_fingerprints: PartialFingerprints {
            github: fingerprint.clone(),
            own: fingerprint,
        },
        suppressions: Vec::new(),
        properties: Some(Properties {
            severity: finding.severity.as_str(),
            status: words::fix(finding).into_owned(),
            installed_version: finding.installed_version.clone(),
            fixed_version: finding.fixed_version.clone(),
            purl: finding.purl.clone(),
            kb: finding.kb.clone(),
            known_exploited: finding.kev,
            epss: finding.epss,
            score: finding.score.as_ref().map(|score| score.value),
            layer: finding.layer.as_ref().map(ToString::to_string),
            in_base_image: finding.in_base_image,
            comparison: finding.evidence.comparison.clone(),
            feed: finding.evidence.source.feed.clone(),
            violates: Vec::new(),
        }),
    }
}

fn suppression(by: &Suppression) -> SarifSuppression {
    SarifSuppression {
        kind: "external",
        status: match by.kind {
            SuppressionKind::Unknown => "underReview",
            _ => "accepted",
        },
        justification: text::plain(&words::suppressed(by)).into_owned(),
    }
}

/// Notifications are shown by few tools. One result says what none of them may miss: an empty list is not a clean one.
fn not_fully_scanned(
    report: &Report,
    meaning: &str,
    rules: &Rules<'_>,
    place: String,
) -> SarifResult {
    let (lacking, gaps) = (words::lacking(report), &report.coverage.gaps);
    let named = lacking
        .iter()
        .cloned()
        .chain(gaps.iter().map(words::gap))
        .take(NAMED_GAPS);
    let mut text = meaning.to_owned();
    for why in named {
        text.push_str(&format!(" {}.", why.trim_end_matches('.')));
    }
    let all = lacking.len() + gaps.len();
    if let Some(more) = all.checked_sub(NAMED_GAPS).filter(|more| *more > 0) {
        text.push_str(&format!(" And {more} more."));
    }
    let fingerprint = format!("{NOT_FULLY_SCANNED}:1");
    SarifResult {
        rule_id: NOT_FULLY_SCANNED.to_owned(),
        rule_index: rules.index(NOT_FULLY_SCANNED),
        level: "error",
        message: Message::of(&text),
        locations: [Location::of_file(place)],
        partial_fingerprints: PartialFingerprints {
            github: fingerprint.clone(),
            own: fingerprint,
        },
        suppressions: Vec::new(),
        properties: None,
    }
}
