//! FriendsOfPHP security advisories: advisories about Composer packages, one YAML file each.
//!
//! Source: <https://github.com/FriendsOfPHP/security-advisories>, "Contributing": for each branch a list of
//! constraints that hold together, and the moment of its fix.

use std::collections::BTreeMap;

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
pub(super) const NAME: &str = "friends-of-php";

/// FriendsOfPHP.
pub(super) struct FriendsOfPhp;

#[derive(Deserialize)]
struct Advisory {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    cve: Scalar,
    #[serde(default)]
    branches: BTreeMap<String, Branch>,
    reference: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    time: Scalar,
    #[serde(default)]
    versions: Vec<String>,
}

impl Feed for FriendsOfPhp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = shape::trimmed(document.bytes);
        let head = String::from_utf8_lossy(bytes.get(..64 * 1024).unwrap_or(bytes));
        let has = |key: &str| head.lines().any(|line| line.starts_with(key));
        head.starts_with("title:")
            && has("branches:")
            && head
                .lines()
                .filter_map(|line| line.strip_prefix("reference:"))
                .any(|value| {
                    value
                        .trim()
                        .trim_matches(['"', '\''])
                        .starts_with("composer://")
                })
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let advisory: Advisory = yaml(bytes)?;
        let Some(package) = advisory.reference.strip_prefix("composer://") else {
            return Err(FeedError::Malformed {
                at: "reference".to_owned(),
                what: "it does not name a Composer package".to_owned(),
            });
        };
        let mut affected = Versions::none(VersionScheme::Packagist);
        let mut latest = None;
        for (name, branch) in &advisory.branches {
            latest = latest.max(branch.time.text().and_then(time));
            let versions =
                parse(Dialect::Composer, &branch.versions.join(",")).map_err(|what| {
                    FeedError::Malformed {
                        at: format!("branch {}", super::shown(name)),
                        what,
                    }
                })?;
            affected = affected.or(versions);
        }
        if let Some(latest) = latest {
            sink.as_of(latest);
        }
        // Where there is no CVE, the file's name within the database is its only id.
        let file = document.name.rsplit('/').next().unwrap_or_default();
        let stem = file.split(".yaml").next().unwrap_or_default();
        let cve = advisory.cve.text().map(str::to_ascii_uppercase);
        let own = match &cve {
            Some(cve) => cve.clone(),
            None => format!("{package}/{stem}").replace(' ', "-"),
        };
        language_rows(
            &Language {
                ecosystem: "packagist",
                package,
                ids: &[&own],
                affected: &affected,
                word: None,
                cvss: None,
                score: None,
                summary: advisory.title.as_deref().and_then(one_line).as_deref(),
                url: advisory.link.as_deref(),
                modified_at: latest,
                fixed_at: latest,
            },
            sink,
        );
        Ok(())
    }
}

/// `2012-08-28 14:20:00`, or a form that all feeds have.
fn time(text: &str) -> Option<schemas::Timestamp> {
    moment(&text.replacen(' ', "T", 1)).or_else(|| moment(text.get(..10)?))
}
