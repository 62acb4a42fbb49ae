//! Photon OS: one JSON list a release, with a row for each vulnerability and package.
//!
//! Source: `https://packages.vmware.com/photon/photon_cve_metadata/`, `cve_data_photon<RELEASE>.json`. The document does
//! not say its release; the tag of its versions (`.ph5`) does.

use std::borrow::Cow;

use schemas::{advisory::AdvisoryStatus, severity::SeveritySource};
use serde::Deserialize;

use super::{Document, Feed, FeedError, Sink, is_cve, json_error, rpm_names::digits, shape};
use crate::{
    row::{EcosystemRef, EventsRef, RatingRef, Row},
    severity::of_score,
};

/// The feed's name.
pub(super) const NAME: &str = "photon";

/// Photon OS.
pub(super) struct Photon;

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    cve_id: Cow<'a, str>,
    #[serde(borrow)]
    pkg: Cow<'a, str>,
    #[serde(default)]
    cve_score: Option<f32>,
    #[serde(borrow, default)]
    aff_ver: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    res_ver: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
}

impl Feed for Photon {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        shape::shape(document.bytes).is_some_and(|shape| {
            shape.list && shape.has("cve_id") && shape.has("pkg") && shape.has("aff_ver")
        })
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let entries: Vec<Entry<'_>> = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
        if entries.is_empty() {
            return Err(FeedError::Empty);
        }
        let tagged = |entry: &Entry<'_>| entry.res_ver.as_deref().and_then(tag);
        // Rows that name no version are of the release that the others are of.
        let Some(release) = entries.iter().find_map(tagged) else {
            return Err(FeedError::Malformed {
                at: "the versions".to_owned(),
                what: "none bears the tag of a release, such as .ph5".to_owned(),
            });
        };
        for entry in &entries {
            let release = tagged(entry).unwrap_or_else(|| release.clone());
            row(entry, &release, sink);
        }
        Ok(())
    }
}

/// `5.0` of `1.10.8-2.ph5`.
fn tag(version: &str) -> Option<String> {
    let (_, rest) = version.rsplit_once(".ph")?;
    digits(rest).map(|number| format!("{number}.0"))
}

fn row(entry: &Entry<'_>, release: &str, sink: &mut dyn Sink) {
    let known = |text: &Option<Cow<'_, str>>| {
        let text = text.as_deref().map(str::trim).unwrap_or_default();
        !text.is_empty() && !text.eq_ignore_ascii_case("na")
    };
    if !is_cve(&entry.cve_id) {
        sink.not_judged("photon issues without a CVE");
        return;
    }
    let says_clean = entry
        .status
        .as_deref()
        .is_some_and(|status| status.eq_ignore_ascii_case("not affected"));
    let (status, affected) = match (says_clean, known(&entry.res_ver)) {
        (true, _) => (AdvisoryStatus::NotAffected, Vec::new()),
        (false, true) => {
            let run = EventsRef {
                introduced: "0",
                fixed: entry.res_ver.as_deref().map(str::trim),
                last_affected: None,
            };
            (AdvisoryStatus::Fixed, vec![run])
        }
        (false, false) if known(&entry.aff_ver) => (AdvisoryStatus::Open, Vec::new()),
        (false, false) => (AdvisoryStatus::Undetermined, Vec::new()),
    };
    let rating = entry
        .cve_score
        .filter(|score| (0.1..=10.0).contains(score))
        .map(|score| RatingRef {
            source: SeveritySource::Vendor,
            severity: of_score(score),
            word: None,
            cvss_score: Some(score),
            cvss_vector: None,
        });
    sink.advisory(&Row {
        ecosystem: EcosystemRef {
            name: "photon",
            release: Some(release),
        },
        package: &entry.pkg,
        vulnerability: &entry.cve_id,
        status,
        affected,
        ratings: rating.into_iter().collect(),
        ..Row::default()
    });
}
