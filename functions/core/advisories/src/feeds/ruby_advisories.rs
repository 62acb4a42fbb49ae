//! ruby-advisory-db: advisories about gems, one YAML file each.
//!
//! Source: <https://github.com/rubysec/ruby-advisory-db>, "Directory Structure" and "Schema". `patched_versions` and
//! `unaffected_versions` are requirements of RubyGems; every version that none of them holds is affected.

use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    language::{Language, Scalar, language_rows},
    moment, one_line,
    osv_document::yaml,
    requirement::{Dialect, Versions, parse},
    shape,
};
use crate::version::VersionScheme;

/// The feed's name.
pub(super) const NAME: &str = "ruby-advisory-db";

/// ruby-advisory-db.
pub(super) struct RubyAdvisories;

#[derive(Deserialize)]
struct Advisory {
    #[serde(default)]
    gem: Option<String>,
    #[serde(default)]
    engine: Option<String>,
    #[serde(default)]
    library: Option<String>,
    #[serde(default)]
    cve: Scalar,
    #[serde(default)]
    ghsa: Scalar,
    #[serde(default)]
    osvdb: Scalar,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    date: Scalar,
    #[serde(default)]
    cvss_v2: Scalar,
    #[serde(default)]
    cvss_v3: Scalar,
    #[serde(default)]
    cvss_v4: Scalar,
    #[serde(default)]
    patched_versions: Option<Vec<Scalar>>,
    #[serde(default)]
    unaffected_versions: Option<Vec<Scalar>>,
}

impl Feed for RubyAdvisories {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = shape::trimmed(document.bytes);
        let bytes = bytes.strip_prefix(b"---").unwrap_or(bytes);
        let head = bytes.trim_ascii_start();
        let named = [b"gem:".as_slice(), b"engine:", b"library:"];
        if !named.iter().any(|key| head.starts_with(key)) {
            return false;
        }
        let head = String::from_utf8_lossy(head.get(..64 * 1024).unwrap_or(head));
        let has = |key: &str| head.lines().any(|line| line.starts_with(key));
        has("title:") && (has("date:") || has("cve:") || has("ghsa:"))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let advisory: Advisory = yaml(shape::trimmed(document.bytes))?;
        let date = advisory.date.text().and_then(moment);
        if let Some(date) = date {
            sink.as_of(date);
        }
        let Some(gem) = &advisory.gem else {
            let engine = advisory.engine.as_ref().or(advisory.library.as_ref());
            sink.not_judged(engine.map_or("ruby", |_| "ruby engine"));
            return Ok(());
        };
        let mut sound = Versions::none(VersionScheme::RubyGems);
        let lists = [&advisory.patched_versions, &advisory.unaffected_versions];
        for requirement in lists
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(Scalar::text)
        {
            let versions =
                parse(Dialect::Gem, requirement).map_err(|what| FeedError::Malformed {
                    at: "its versions".to_owned(),
                    what,
                })?;
            sound = sound.or(versions);
        }
        let named = |prefix: &str, id: &Scalar| id.text().map(|id| format!("{prefix}{id}"));
        let ids: Vec<String> = [
            named("CVE-", &advisory.cve),
            named("GHSA-", &advisory.ghsa),
            named("OSVDB-", &advisory.osvdb),
        ]
        .into_iter()
        .flatten()
        .collect();
        if ids.is_empty() {
            return Err(FeedError::Malformed {
                at: "its ids".to_owned(),
                what: "it has no CVE, GHSA or OSVDB id".to_owned(),
            });
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let scores = [&advisory.cvss_v4, &advisory.cvss_v3, &advisory.cvss_v2];
        let score = scores
            .into_iter()
            .find_map(|score| score.text()?.parse().ok())
            .filter(|score| (0.0..=10.0).contains(score));
        let has_patch = advisory.patched_versions.iter().flatten().next().is_some();
        language_rows(
            &Language {
                ecosystem: "rubygems",
                package: gem,
                ids: &ids,
                affected: &sound.not(),
                word: None,
                cvss: None,
                score,
                summary: advisory.title.as_deref().and_then(one_line).as_deref(),
                url: advisory.url.as_deref(),
                modified_at: date,
                fixed_at: date.filter(|_| has_patch),
            },
            sink,
        );
        Ok(())
    }
}
