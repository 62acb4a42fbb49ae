//! Alpine's security database, YAML or JSON: for each package the versions that fixed something, and what.
//!
//! Source: <https://secdb.alpinelinux.org/>; `secfixes` of version `0` names what never affected the package. Wolfi
//! and Chainguard publish the same form without a release.

use std::{borrow::Cow, collections::BTreeMap};

use schemas::advisory::AdvisoryStatus;
use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink, cves_in, ecosystems::alpine_release, json_error, shape,
};
use crate::row::{EcosystemRef, EventsRef, Row};

/// The feed's name.
pub(super) const NAME: &str = "alpine-secdb";

/// Alpine's security database.
pub(super) struct AlpineSecdb;

#[derive(Deserialize)]
struct Database {
    #[serde(default)]
    distroversion: Option<String>,
    #[serde(default)]
    reponame: Option<String>,
    #[serde(default)]
    urlprefix: Option<String>,
    #[serde(default)]
    packages: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    secfixes: Option<BTreeMap<String, Option<Vec<Option<String>>>>>,
}

impl Feed for AlpineSecdb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = document.bytes;
        if let Some(shape) = shape::shape(bytes) {
            return !shape.list
                && (shape.has("distroversion") || shape.has("apkurl"))
                && (shape.has("reponame") || shape.has("packages") || shape.has("urlprefix"));
        }
        let head = bytes.get(..4096).unwrap_or(bytes);
        let head = String::from_utf8_lossy(head);
        let has = |key: &str| head.lines().any(|line| line.starts_with(key));
        has("distroversion:") && (has("reponame:") || has("packages:") || has("urlprefix:"))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let database: Database = if bytes.starts_with(b"{") {
            serde_json::from_slice(bytes).map_err(|error| json_error(&error))?
        } else {
            super::osv_document::yaml(bytes)?
        };
        let release = database.distroversion.as_deref().map(alpine_release);
        let repository = database.reponame.unwrap_or_default();
        let prefix = database.urlprefix.unwrap_or_default();
        let name = match (&release, prefix.as_str()) {
            (Some(_), _) => Some("alpine"),
            (None, prefix) if prefix.contains("wolfi") => Some("wolfi"),
            (None, prefix) if prefix.contains("chainguard") || prefix.contains("cgr.dev") => {
                Some("chainguard")
            }
            _ => None,
        };
        let packages = database
            .packages
            .filter(|packages| !packages.is_empty())
            .ok_or(FeedError::Empty)?;
        for Entry { pkg } in &packages {
            let Some(name) = name else {
                sink.not_judged(if repository.is_empty() {
                    "apk"
                } else {
                    &repository
                });
                continue;
            };
            let ecosystem = EcosystemRef {
                name,
                release: release.as_deref(),
            };
            for (version, ids) in pkg.secfixes.iter().flatten() {
                for text in ids.iter().flatten().flatten() {
                    rows(ecosystem, &pkg.name, version, text, sink);
                }
            }
        }
        Ok(())
    }
}

/// The rows of one list item, which may name several ids and a remark: `XSA-248 CVE-2017-17566 (+ regression)`.
fn rows(
    ecosystem: EcosystemRef<'_>,
    package: &str,
    version: &str,
    text: &str,
    sink: &mut dyn Sink,
) {
    let text: Cow<'_, str> = match text.contains("CVE_") {
        true => text.replace("CVE_", "CVE-").into(),
        false => text.into(),
    };
    let others: Vec<&str> = text
        .split_whitespace()
        .filter(|word| {
            let known = [
                "GHSA-", "XSA-", "ZBX-", "RUSTSEC-", "GO-", "GNUTLS-", "ALPINE-", "TALOS-", "TS-",
            ];
            known.iter().any(|prefix| word.starts_with(prefix))
        })
        .collect();
    let cves = cves_in(&text);
    let first = text.split_whitespace().next().unwrap_or_default();
    let ids: Vec<&str> = match (cves.is_empty(), others.first()) {
        (false, _) => cves,
        (true, Some(other)) => vec![other],
        (true, None) => vec![first],
    };
    let (status, affected) = if version == "0" {
        (AdvisoryStatus::NotAffected, Vec::new())
    } else {
        let run = EventsRef {
            introduced: "0",
            fixed: Some(version),
            last_affected: None,
        };
        (AdvisoryStatus::Fixed, vec![run])
    };
    for id in ids {
        sink.advisory(&Row {
            ecosystem,
            package,
            vulnerability: id,
            aliases: others
                .iter()
                .copied()
                .filter(|other| *other != id)
                .collect(),
            status,
            affected: affected.clone(),
            ..Row::default()
        });
    }
}
