//! OpenVEX out: what a report's exceptions and VEX statements say, for others to read. Source: OpenVEX 0.2.0.

use std::collections::{BTreeMap, HashSet};

use purl::Purl;
use schemas::{
    Timestamp,
    finding::Finding,
    inventory::TargetKind,
    policy::{Suppression, SuppressionKind, VexStatus},
    report::Report,
};
use serde_json::{Map, Value, json};

use crate::words::day;

/// Why no OpenVEX document can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenVexError {
    /// A document needs at least one statement.
    #[error(
        "there is nothing to state: the report has neither findings nor suppressed ones, and OpenVEX asks for at least one \
         statement"
    )]
    NoStatement,
}

/// One statement for all packages of which the same is said: by vulnerability, and what is said.
type Key = (String, String);
type Stated = (Map<String, Value>, Vec<Value>);

/// Writes a report as OpenVEX. `id` is an IRI that nobody else uses, `author` who answers for it.
///
/// A finding that VEX takes out is stated as it was; one that an exception takes out is `not_affected` when the exception
/// gives a justification, else `affected` with the exception's reason as what is done about it. All others are
/// `under_investigation`, to be edited.
///
/// # Errors
/// When the report has nothing to state.
pub fn write_openvex(
    report: &Report,
    id: &str,
    author: &str,
    now: Timestamp,
) -> Result<Value, OpenVexError> {
    let mut statements: BTreeMap<Key, Stated> = BTreeMap::new();
    let all = report
        .suppressed
        .iter()
        .map(|it| (&it.finding, Some(&it.by)))
        .chain(report.findings.iter().map(|finding| (finding, None)));
    let product = product(report);
    // By text and not by looking through the list: a vulnerability may be in as many packages as there are.
    let mut stated: HashSet<(Key, String)> = HashSet::new();
    for (finding, by) in all {
        let statement = statement(by);
        let vulnerability = finding.vulnerability.to_string();
        let key = (vulnerability, Value::Object(statement.clone()).to_string());
        let component = component(finding);
        if stated.insert((key.clone(), component.to_string())) {
            let (_, components) = statements
                .entry(key)
                .or_insert_with(|| (statement, Vec::new()));
            components.push(component);
        }
    }
    if statements.is_empty() {
        return Err(OpenVexError::NoStatement);
    }
    let statements: Vec<Value> = statements
        .into_iter()
        .map(|((vulnerability, _), (mut statement, components))| {
            statement.insert("vulnerability".into(), json!({"name": vulnerability}));
            let products = match &product {
                Some(product) => {
                    let mut product = product.clone();
                    product.insert("subcomponents".into(), Value::Array(components));
                    json!([product])
                }
                None => Value::Array(components),
            };
            statement.insert("products".into(), products);
            Value::Object(statement)
        })
        .collect();
    Ok(json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": id,
        "author": author,
        "timestamp": now,
        "version": 1,
        "tooling": format!("Bulkhead {}", report.software),
        "statements": statements,
    }))
}

/// The image as a product; a folder's or host's packages are products themselves, as they have no name that others know.
fn product(report: &Report) -> Option<Map<String, Value>> {
    if report.target.kind != TargetKind::Image {
        return None;
    }
    let image = report.image.as_ref();
    let known = image.and_then(|image| image.repo_digests.first());
    let purl = known.and_then(|known| {
        let (name, digest) = known.split_once('@')?;
        let last = name.rsplit('/').next()?.to_lowercase();
        let digest = digest.replace(':', "%3A");
        let url = name.replace(':', "%3A").replace('/', "%2F");
        Some(format!("pkg:oci/{last}@{digest}?repository_url={url}"))
    });
    let id = purl
        .or_else(|| report.target.id.clone())
        .unwrap_or_else(|| report.target.name.clone());
    let mut product = Map::new();
    product.insert("@id".into(), json!(id));
    if id.starts_with("pkg:") {
        product.insert("identifiers".into(), json!({"purl": id}));
    }
    if let Some(digits) = image.map(|image| image.id.to_string())
        && let Some(digits) = digits.strip_prefix("sha256:")
    {
        product.insert("hashes".into(), json!({"sha-256": digits}));
    }
    Some(product)
}

fn component(finding: &Finding) -> Value {
    match finding
        .purl
        .as_deref()
        .filter(|purl| Purl::strict(purl).is_some())
    {
        Some(purl) => json!({"@id": purl, "identifiers": {"purl": purl}}),
        // Windows itself has no purl type; a name with its version says what is meant.
        None => json!({"@id": format!(
            "{}@{}",
            finding.package.replace(' ', "-"),
            finding.installed_version
        )}),
    }
}

/// What is said, but for which vulnerability and where.
fn statement(by: Option<&Suppression>) -> Map<String, Value> {
    let mut out = Map::new();
    let mut set = |key: &str, value: &str| {
        out.insert(key.to_owned(), json!(value));
    };
    let Some(by) = by else {
        set("status", "under_investigation");
        return out;
    };
    match (by.kind, by.vex_status) {
        (SuppressionKind::Unfixed, _) => {
            set("status", "affected");
            set("action_statement", "wait for a fix; there is none yet");
        }
        (_, Some(VexStatus::NotAffected)) => {
            set("status", "not_affected");
            if let Some(word) = &by.vex_justification {
                set("justification", word);
            }
            set("impact_statement", &by.reason);
        }
        (_, Some(VexStatus::Fixed)) => {
            set("status", "fixed");
            set("status_notes", &by.reason);
        }
        _ => {
            set("status", "affected");
            let until = match by.expires_at {
                Some(end) => format!(" until {}", day(end.plus_ms(-1))),
                None if by.until_fixable => " until there is a fix".to_owned(),
                None => String::new(),
            };
            set(
                "action_statement",
                &format!("accepted{until}: {}", by.reason),
            );
        }
    }
    out
}
