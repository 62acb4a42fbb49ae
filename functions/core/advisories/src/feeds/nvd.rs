//! NVD 2.0: CVSS, SSVC and public exploits, from the API's pages and from the yearly files, which have one form.
//!
//! Source: <https://nvd.nist.gov/developers/vulnerabilities>, schema `cve_api_json_2.0`. Of each source the ratings of
//! CVSS 3 and 4 are kept, and of CVSS 2 where it gives no other. References with the tag `Exploit` count as public
//! exploits. Its product names (CPE) are not judged by: they name products, and not packages.

use std::borrow::Cow;

use schemas::severity::SeveritySource;
use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    cve_metrics::{Cvss, Decision},
    json_error, moment, shape,
};
use crate::row::{IntelRow, RatingRef};

/// The feed's name.
pub(super) const NAME: &str = "nvd";

/// CISA's identifier as a source: <https://nvd.nist.gov/vuln/data-sources>.
const CISA: &str = "134c704f-9b21-4f2e-91b3-4a467353bcc0";

/// NVD.
pub(super) struct Nvd;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    version: Option<Cow<'a, str>>,
    #[serde(default)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    vulnerabilities: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    cve: Cve<'a>,
}

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "sourceIdentifier", borrow, default)]
    assigner: Option<Cow<'a, str>>,
    #[serde(rename = "vulnStatus", borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    metrics: Metrics<'a>,
    #[serde(borrow, default)]
    references: Vec<Reference<'a>>,
}

#[derive(Default, Deserialize)]
struct Metrics<'a> {
    #[serde(rename = "cvssMetricV40", borrow, default)]
    v40: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV31", borrow, default)]
    v31: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV30", borrow, default)]
    v30: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV2", borrow, default)]
    v2: Vec<Metric<'a>>,
    #[serde(rename = "ssvcV203", borrow, default)]
    ssvc: Vec<Ssvc<'a>>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(borrow, default)]
    source: Cow<'a, str>,
    #[serde(rename = "cvssData", borrow)]
    data: Cvss<'a>,
}

#[derive(Deserialize)]
struct Ssvc<'a> {
    #[serde(rename = "ssvcData", borrow, default)]
    data: Decision<'a>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    tags: Vec<Cow<'a, str>>,
}

impl Feed for Nvd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        shape::shape(document.bytes).is_some_and(|shape| {
            // The same API gives matches of products and histories of changes in pages of the same outer form.
            !shape.list
                && shape.has("vulnerabilities")
                && (shape.has("resultsPerPage") && shape.has("format")
                    || shape.third.contains(&b"sourceIdentifier".as_slice()))
        })
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let page: Page<'_> = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
        if let Some(version) = page.version.as_deref().filter(|v| !v.starts_with("2.")) {
            return Err(FeedError::OtherVersion {
                found: super::shown(version),
                known: "NVD 2.0",
            });
        }
        if let Some(moment) = page.timestamp.as_deref().and_then(moment) {
            sink.as_of(moment);
        }
        page.vulnerabilities
            .iter()
            .for_each(|item| facts(&item.cve, sink));
        Ok(())
    }
}

fn facts(cve: &Cve<'_>, sink: &mut dyn Sink) {
    if cve.status.as_deref() == Some("Rejected") {
        return;
    }
    let source = |name: &str| match name {
        "nvd@nist.gov" => SeveritySource::Nvd,
        CISA => SeveritySource::Adp,
        name if cve.assigner.as_deref() == Some(name) => SeveritySource::Cna,
        _ => SeveritySource::Adp,
    };
    let mut ratings: Vec<RatingRef<'_>> = Vec::new();
    let newer = [&cve.metrics.v31, &cve.metrics.v30, &cve.metrics.v40];
    for metric in newer.into_iter().flatten() {
        ratings.extend(metric.data.rating(source(&metric.source)));
    }
    for metric in &cve.metrics.v2 {
        let by = source(&metric.source);
        if ratings.iter().all(|rating| rating.source != by) {
            ratings.extend(metric.data.rating(by));
        }
    }
    let tagged = |reference: &&Reference<'_>| reference.tags.iter().any(|tag| tag == "Exploit");
    let exploits = cve.references.iter().filter(tagged).count();
    let decision = cve.metrics.ssvc.first().map(|ssvc| &ssvc.data);
    let row = IntelRow {
        vulnerability: &cve.id,
        exploitation: decision.and_then(Decision::exploitation),
        automatable: decision.and_then(Decision::automatable),
        technical_impact: decision.and_then(Decision::impact),
        public_exploits: u32::try_from(exploits).unwrap_or(u32::MAX),
        ratings,
        ..IntelRow::default()
    };
    let says_something =
        !row.ratings.is_empty() || row.public_exploits > 0 || row.exploitation.is_some();
    if says_something {
        sink.intel(&row);
    }
}
