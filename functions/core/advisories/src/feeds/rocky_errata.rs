//! Rocky Linux's errata as its service gives them, a page of a JSON list at a time.
//!
//! Source: `https://apollo.build.resf.org/api/v3/advisories/` and its OpenAPI description.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    errata::{Build, Erratum, State, plain_evr, rows},
    is_cve, json_error, moment,
    rpm_names::{digits, nevra},
    shape,
};

/// The feed's name.
pub(super) const NAME: &str = "rocky-errata";

/// Rocky Linux's errata.
pub(super) struct RockyErrata;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    advisories: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    last_updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    synopsis: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    severity: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    published_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    cves: Vec<Cve<'a>>,
    #[serde(borrow, default)]
    packages: Vec<Package<'a>>,
}

#[derive(Deserialize)]
struct Cve<'a> {
    #[serde(borrow, default)]
    cve: Cow<'a, str>,
    #[serde(borrow, default)]
    cvss3_scoring_vector: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    cvss3_base_score: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    nevra: Cow<'a, str>,
    #[serde(borrow, default)]
    module_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    module_stream: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    product_name: Option<Cow<'a, str>>,
}

impl Feed for RockyErrata {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        shape::shape(document.bytes).is_some_and(|shape| {
            !shape.list
                && shape.has("advisories")
                && ["synopsis", "published_at", "red_hat_advisory_id"]
                    .iter()
                    .any(|key| shape.second.contains(&key.as_bytes()))
        })
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let page: Page<'_> = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
        if page.advisories.is_empty() {
            return Err(FeedError::Empty);
        }
        if let Some(moment) = page.last_updated_at.as_deref().and_then(moment) {
            sink.as_of(moment);
        }
        for entry in &page.advisories {
            if !entry.kind.eq_ignore_ascii_case("security") {
                continue;
            }
            // Those of special interest groups are for packages of their own repositories that bear the same names.
            if entry.name.starts_with("RXSA-") {
                sink.not_judged("rocky special interest groups");
                continue;
            }
            advisory(entry, sink);
        }
        Ok(())
    }
}

fn advisory(entry: &Entry<'_>, sink: &mut dyn Sink) {
    let known = |text: &Option<Cow<'_, str>>| text.as_deref().is_some_and(|t| t != "UNKNOWN");
    let scores: BTreeMap<&str, _> = entry
        .cves
        .iter()
        .map(|cve| {
            let score = cve
                .cvss3_base_score
                .as_deref()
                .and_then(|text| text.parse().ok());
            let vector = cve.cvss3_scoring_vector.as_deref();
            (
                &*cve.cve,
                (score, vector.filter(|_| known(&cve.cvss3_scoring_vector))),
            )
        })
        .collect();
    let erratum = Erratum {
        ecosystem: "rocky",
        id: &entry.name,
        cves: scores.keys().copied().filter(|id| is_cve(id)).collect(),
        scores,
        severity: entry.severity.as_deref(),
        title: entry.synopsis.as_deref(),
        issued: entry.published_at.as_deref().and_then(moment),
        updated: entry.updated_at.as_deref().and_then(moment),
        limited: true,
        ..Erratum::default()
    };
    let mut builds = Vec::new();
    for package in &entry.packages {
        let release = package
            .product_name
            .as_deref()
            .and_then(|name| digits(name.strip_prefix("Rocky Linux ")?));
        let (Some(build), Some(release)) = (nevra(&package.nevra), release) else {
            sink.problem(
                &format!("{} {}", entry.name, package.nevra),
                "a build without a name, version or release of Rocky Linux",
            );
            continue;
        };
        builds.push(Build {
            release: Some(release),
            package: build.name,
            stream: match (&package.module_name, &package.module_stream) {
                (Some(name), Some(stream)) => Some(format!("{name}:{stream}")),
                _ => None,
            },
            version: Some(plain_evr(build.evr).to_owned()),
            state: State::Fixed,
            architecture: build.architecture,
        });
    }
    rows(&erratum, builds, sink);
}
