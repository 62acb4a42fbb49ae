//! AlmaLinux's errata of all releases in one JSON document.
//!
//! Source: `https://errata.almalinux.org/errata.full.json` and the pages of `https://errata.almalinux.org/`.

use std::borrow::Cow;

use schemas::Timestamp;
use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    errata::{Build, Erratum, State, evr, rows},
    is_cve, json_error,
    rpm_names::{el_major, module_stream},
    shape,
};

/// The feed's name.
pub(super) const NAME: &str = "almalinux-errata";

/// AlmaLinux's errata.
pub(super) struct AlmaLinuxErrata;

#[derive(Deserialize)]
struct Errata<'a> {
    #[serde(borrow)]
    data: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    severity: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    /// Seconds since 1970.
    #[serde(default)]
    issued_date: Option<i64>,
    #[serde(default)]
    updated_date: Option<i64>,
    #[serde(borrow, default)]
    packages: Vec<Package<'a>>,
    #[serde(borrow, default)]
    references: Vec<Reference<'a>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    epoch: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    release: Cow<'a, str>,
    #[serde(borrow, default)]
    arch: Cow<'a, str>,
    #[serde(borrow, default)]
    module: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
}

impl Feed for AlmaLinuxErrata {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let first = document.bytes.get(..64 * 1024).unwrap_or(document.bytes);
        shape::shape(document.bytes).is_some_and(|shape| {
            !shape.list
                && shape.has("data")
                && shape.second.contains(&b"id".as_slice())
                && shape.second.contains(&b"issued_date".as_slice())
        }) && ["\"ALSA-", "\"ALBA-", "\"ALEA-"]
            .iter()
            .any(|id| find(first, id.as_bytes()))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let errata: Errata<'_> = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
        if errata.data.is_empty() {
            return Err(FeedError::Empty);
        }
        for entry in &errata.data {
            let seconds = |seconds: Option<i64>| {
                seconds
                    .and_then(|s| s.checked_mul(1000))
                    .map(Timestamp::from_ms)
            };
            let updated = seconds(entry.updated_date.max(entry.issued_date));
            if let Some(moment) = updated {
                sink.as_of(moment);
            }
            if !entry.kind.eq_ignore_ascii_case("security") {
                continue;
            }
            let erratum = Erratum {
                ecosystem: "almalinux",
                id: &entry.id,
                cves: entry
                    .references
                    .iter()
                    .map(|reference| &*reference.id)
                    .filter(|id| is_cve(id))
                    .collect(),
                severity: entry.severity.as_deref(),
                title: entry.title.as_deref(),
                issued: seconds(entry.issued_date),
                updated,
                limited: true,
                ..Erratum::default()
            };
            let builds = entry
                .packages
                .iter()
                .filter_map(|package| {
                    Some(Build {
                        release: Some(el_major(&package.release)?),
                        package: &package.name,
                        stream: package.module.as_deref().and_then(module_stream),
                        version: Some(evr(&package.epoch, &package.version, &package.release)),
                        state: State::Fixed,
                        architecture: &package.arch,
                    })
                })
                .collect::<Vec<_>>();
            if builds.is_empty() && !entry.packages.is_empty() {
                sink.problem(&entry.id, "no build names its release");
            }
            rows(&erratum, builds, sink);
        }
        Ok(())
    }
}

/// Whether bytes hold others.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes
        .windows(wanted.len().max(1))
        .any(|window| window == wanted)
}
