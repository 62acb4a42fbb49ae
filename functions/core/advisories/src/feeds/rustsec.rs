//! RustSec: advisories about crates, Markdown with TOML before it.
//!
//! Source: <https://github.com/rustsec/advisory-db>, "Advisory Format". `versions.patched` and `versions.unaffected`
//! are requirements of Cargo; every version that none of them holds is affected. Advisories that are only
//! informational (`unmaintained`, `notice`) tell of no vulnerability and give no row; `unsound` ones do.

use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    language::{Language, language_rows},
    moment, one_line,
    requirement::{Dialect, Versions, parse},
    shape, shown,
};
use crate::version::VersionScheme;

/// The feed's name.
pub(super) const NAME: &str = "rustsec";

/// RustSec.
pub(super) struct RustSec;

#[derive(Deserialize)]
struct Front {
    advisory: About,
    #[serde(default)]
    versions: Requirements,
}

#[derive(Deserialize)]
struct About {
    id: String,
    package: String,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    cvss: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Requirements {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

impl Feed for RustSec {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = shape::trimmed(document.bytes);
        let head = bytes.get(..4096).unwrap_or(bytes);
        head.starts_with(b"```toml")
            && String::from_utf8_lossy(head)
                .lines()
                .any(|line| line.trim() == "[advisory]")
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| FeedError::Malformed {
            at: format!("byte {}", error.valid_up_to()),
            what: "it is not UTF-8".to_owned(),
        })?;
        let inner = text.strip_prefix("```toml").unwrap_or(text);
        let Some((front, body)) = inner.split_once("\n```") else {
            return Err(FeedError::Cut {
                at: "the fence that ends its facts".to_owned(),
            });
        };
        let front: Front = toml::from_str(front).map_err(|error| FeedError::Malformed {
            at: "its facts".to_owned(),
            what: shown(error.message()),
        })?;
        rows(&front, body, sink)
    }
}

fn rows(front: &Front, body: &str, sink: &mut dyn Sink) -> Result<(), FeedError> {
    let about = &front.advisory;
    let date = about.date.as_deref().and_then(moment);
    if let Some(date) = date {
        sink.as_of(date);
    }
    if about.withdrawn.is_some()
        || matches!(
            about.informational.as_deref(),
            Some("unmaintained" | "notice")
        )
    {
        return Ok(());
    }
    if !about.id.starts_with("RUSTSEC-") {
        // The compiler, its library and its tools are told of under their CVE. They are no crates, though crates have
        // the same names, and nothing finds them yet.
        sink.not_judged("rust toolchain");
        return Ok(());
    }
    let mut sound = Versions::none(VersionScheme::Semver);
    for requirement in front
        .versions
        .patched
        .iter()
        .chain(&front.versions.unaffected)
    {
        let versions = parse(Dialect::Cargo, requirement).map_err(|what| FeedError::Malformed {
            at: "its versions".to_owned(),
            what,
        })?;
        sound = sound.or(versions);
    }
    let title = body.lines().find_map(|line| line.strip_prefix("# "));
    let malicious = about
        .categories
        .iter()
        .any(|category| category == "malicious");
    let mut ids = vec![about.id.as_str()];
    ids.extend(about.aliases.iter().map(String::as_str));
    language_rows(
        &Language {
            ecosystem: "crates.io",
            package: &about.package,
            ids: &ids,
            affected: &sound.not(),
            word: malicious.then_some("malicious"),
            cvss: about.cvss.as_deref(),
            score: None,
            summary: title.and_then(one_line).as_deref(),
            url: None,
            modified_at: date,
            fixed_at: date.filter(|_| !front.versions.patched.is_empty()),
        },
        sink,
    );
    Ok(())
}
