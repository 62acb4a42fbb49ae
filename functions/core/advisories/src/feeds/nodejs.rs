//! The Node.js security working group's database: packages of npm, and Node.js itself.
//!
//! Source: <https://github.com/nodejs/security-wg>, `vuln/npm` (one object for each advisory, here also one a line or
//! a list) and `vuln/core` (one object with all). Versions are requirements of npm.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink, json_error,
    language::{Language, Scalar, language_rows},
    moment, one_line,
    requirement::{Dialect, parse},
    shape, shown,
};

/// The feed's name.
pub(super) const NAME: &str = "nodejs-security";
/// The ecosystem and name of Node.js itself.
const RUNTIME: (&str, &str) = ("nodejs", "node");

/// The working group's database.
pub(super) struct NodeJs;

#[derive(Deserialize)]
struct Advisory {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    module_name: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    publish_date: Scalar,
    #[serde(default)]
    updated_at: Scalar,
    #[serde(default)]
    cves: Option<Vec<String>>,
    #[serde(default)]
    vulnerable_versions: Option<String>,
    #[serde(default)]
    cvss_vector: Option<String>,
    #[serde(default)]
    cvss_score: Scalar,
}

#[derive(Deserialize)]
struct Core {
    #[serde(default)]
    cve: Option<Vec<String>>,
    #[serde(default)]
    vulnerable: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, rename = "ref")]
    link: Option<String>,
    #[serde(default)]
    severity: Option<String>,
}

impl Feed for NodeJs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let Some(shape) = shape::shape(document.bytes) else {
            return false;
        };
        let second = |key: &str| shape.second.contains(&key.as_bytes());
        let number = |key: &&[u8]| !key.is_empty() && key.iter().all(u8::is_ascii_digit);
        shape.has("module_name") && (shape.has("vulnerable_versions") || shape.has("cves"))
            || !shape.list
                && shape.top.first().is_some_and(number)
                && second("vulnerable")
                && (second("patched") || second("cve"))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let shape = shape::shape(bytes).unwrap_or_default();
        if !shape.has("module_name") {
            return core(bytes, sink);
        }
        if shape.list {
            let list: Vec<Advisory> =
                serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
            list.iter().for_each(|advisory| rows(advisory, sink));
            return Ok(());
        }
        let stream = serde_json::Deserializer::from_slice(bytes).into_iter::<Advisory>();
        for advisory in stream {
            rows(&advisory.map_err(|error| json_error(&error))?, sink);
        }
        Ok(())
    }
}

fn rows(advisory: &Advisory, sink: &mut dyn Sink) {
    let Some(id) = advisory.id.text() else {
        // The database's index of all advisories by number: they are there one by one as well.
        return;
    };
    let own = format!("NSWG-ECO-{id}");
    let Some(name) = &advisory.module_name else {
        sink.problem(&own, "it names no package");
        return;
    };
    let Some(versions) = advisory.vulnerable_versions.as_deref() else {
        sink.problem(&own, "it names no vulnerable versions");
        return;
    };
    let affected = match parse(Dialect::Npm, versions) {
        Ok(affected) => affected,
        Err(what) => return sink.problem(&own, &what),
    };
    let updated = advisory.updated_at.text().and_then(moment);
    if let Some(updated) = updated {
        sink.as_of(updated);
    }
    let mut ids = vec![own.as_str()];
    ids.extend(advisory.cves.iter().flatten().map(|cve| cve.trim()));
    language_rows(
        &Language {
            ecosystem: "npm",
            package: name,
            ids: &ids,
            affected: &affected,
            word: None,
            cvss: advisory.cvss_vector.as_deref().filter(|v| !v.is_empty()),
            score: advisory.cvss_score.text().and_then(|s| s.parse().ok()),
            summary: advisory.title.as_deref().and_then(one_line).as_deref(),
            url: None,
            modified_at: updated,
            fixed_at: advisory.publish_date.text().and_then(moment),
        },
        sink,
    );
}

fn core(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), FeedError> {
    let all: BTreeMap<String, Core> =
        serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
    if all.is_empty() {
        return Err(FeedError::Empty);
    }
    for (number, advisory) in &all {
        let own = format!("NSWG-COR-{}", shown(number));
        let parsed = advisory
            .vulnerable
            .as_deref()
            .ok_or_else(|| "it names no vulnerable versions".to_owned())
            .and_then(|versions| parse(Dialect::Npm, versions));
        let affected = match parsed {
            Ok(affected) => affected,
            Err(what) => {
                sink.problem(&own, &what);
                continue;
            }
        };
        let mut ids = vec![own.as_str()];
        ids.extend(advisory.cve.iter().flatten().map(|cve| cve.trim()));
        language_rows(
            &Language {
                ecosystem: RUNTIME.0,
                package: RUNTIME.1,
                ids: &ids,
                affected: &affected,
                word: advisory.severity.as_deref(),
                cvss: None,
                score: None,
                summary: advisory
                    .description
                    .as_deref()
                    .and_then(one_line)
                    .as_deref(),
                url: advisory.link.as_deref(),
                modified_at: None,
                fixed_at: None,
            },
            sink,
        );
    }
    Ok(())
}
