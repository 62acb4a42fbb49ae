//! CVE records, version 5: what the numbering authority says and what publishers such as CISA (Vulnrichment) add.
//!
//! Source: <https://github.com/CVEProject/cve-schema>, records as in `cvelistV5` and `cisagov/vulnrichment`. CVSS of
//! the authority's container is the authority's; that of other containers is a publisher's. References with the tag
//! `exploit` count as public exploits.

use std::borrow::Cow;

use schemas::severity::SeveritySource;
use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    cve_metrics::{Cvss, Decision},
    json_error, moment, shape,
};
use crate::row::IntelRow;

/// The feed's name.
pub(super) const NAME: &str = "cve-record";

/// CVE records.
pub(super) struct CveRecord;

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "dataVersion", borrow, default)]
    version: Option<Cow<'a, str>>,
    #[serde(rename = "cveMetadata", borrow)]
    about: About<'a>,
    #[serde(borrow)]
    containers: Containers<'a>,
}

#[derive(Deserialize)]
struct About<'a> {
    #[serde(rename = "cveId", borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    state: Option<Cow<'a, str>>,
    #[serde(rename = "dateUpdated", borrow, default)]
    updated: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Containers<'a> {
    #[serde(borrow, default)]
    cna: Container<'a>,
    #[serde(borrow, default)]
    adp: Vec<Container<'a>>,
}

#[derive(Default, Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    metrics: Vec<Metric<'a>>,
    #[serde(borrow, default)]
    references: Vec<Reference<'a>>,
}

#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(rename = "cvssV4_0", borrow, default)]
    v40: Option<Cvss<'a>>,
    #[serde(rename = "cvssV3_1", borrow, default)]
    v31: Option<Cvss<'a>>,
    #[serde(rename = "cvssV3_0", borrow, default)]
    v30: Option<Cvss<'a>>,
    #[serde(rename = "cvssV2_0", borrow, default)]
    v2: Option<Cvss<'a>>,
    #[serde(borrow, default)]
    other: Option<Other<'a>>,
}

#[derive(Deserialize)]
struct Other<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    /// Of many forms; read again where it is a decision.
    #[serde(borrow, default)]
    content: Option<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    tags: Vec<Cow<'a, str>>,
}

impl Feed for CveRecord {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        shape::shape(document.bytes)
            .is_some_and(|shape| shape.has("cveMetadata") && shape.has("containers"))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        if bytes.starts_with(b"[") {
            let records: Vec<Record<'_>> =
                serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
            return records.iter().try_for_each(|record| facts(record, sink));
        }
        for record in serde_json::Deserializer::from_slice(bytes).into_iter::<Record<'_>>() {
            facts(&record.map_err(|error| json_error(&error))?, sink)?;
        }
        Ok(())
    }
}

fn facts(record: &Record<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
    if let Some(version) = record.version.as_deref().filter(|v| !v.starts_with("5.")) {
        return Err(FeedError::OtherVersion {
            found: super::shown(version),
            known: "CVE records 5.x",
        });
    }
    if let Some(moment) = record.about.updated.as_deref().and_then(moment) {
        sink.as_of(moment);
    }
    if record.about.state.as_deref() == Some("REJECTED") {
        return Ok(());
    }
    let containers = &record.containers;
    let all = || {
        let publishers = containers.adp.iter().map(|one| (SeveritySource::Adp, one));
        std::iter::once((SeveritySource::Cna, &containers.cna)).chain(publishers)
    };
    let mut ratings = Vec::new();
    for (source, container) in all() {
        let before = ratings.len();
        for metric in &container.metrics {
            let newer = [&metric.v31, &metric.v30, &metric.v40];
            let newer = newer.into_iter().flatten();
            ratings.extend(newer.filter_map(|cvss| cvss.rating(source)));
        }
        if ratings.len() == before {
            let older = container
                .metrics
                .iter()
                .filter_map(|metric| metric.v2.as_ref());
            ratings.extend(older.filter_map(|cvss| cvss.rating(source)));
        }
    }
    let others = || all().flat_map(|(_, one)| one.metrics.iter().filter_map(|m| m.other.as_ref()));
    let decision: Option<Decision<'_>> = others()
        .filter(|other| other.kind.eq_ignore_ascii_case("ssvc"))
        .find_map(|other| serde_json::from_str(other.content?.get()).ok());
    let decision = decision.unwrap_or_default();
    let listed = others().any(|other| other.kind.eq_ignore_ascii_case("kev"));
    let tagged = |reference: &&Reference<'_>| reference.tags.iter().any(|tag| tag == "exploit");
    let exploits = all()
        .flat_map(|(_, one)| one.references.iter().filter(tagged))
        .count();
    let row = IntelRow {
        vulnerability: &record.about.id,
        exploited_by: listed.then_some("cisa-kev"),
        exploitation: decision.exploitation(),
        automatable: decision.automatable(),
        technical_impact: decision.impact(),
        public_exploits: u32::try_from(exploits).unwrap_or(u32::MAX),
        ratings,
        ..IntelRow::default()
    };
    let says_something = !row.ratings.is_empty()
        || row.public_exploits > 0
        || row.exploitation.is_some()
        || row.exploited_by.is_some();
    if says_something {
        sink.intel(&row);
    }
    Ok(())
}
