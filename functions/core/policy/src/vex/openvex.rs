//! OpenVEX. Source: OpenVEX specification 0.2.0 and its JSON schema (github.com/openvex/spec); documents of 0.0.x name
//! vulnerabilities and products by plain texts.

use std::collections::BTreeMap;

use purl::Purl;
use schemas::policy::VexStatus;
use serde::Deserialize;
use serde_json::Value;

use super::{Document, Identity, Justification, Product, Statement, bounded, moment, said};
use crate::error::{PolicyError, shown};

const WHAT: &str = "OpenVEX document";

#[derive(Deserialize)]
struct Form {
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    last_updated: Option<String>,
    statements: Vec<StatementForm>,
}

#[derive(Deserialize)]
struct StatementForm {
    vulnerability: Value,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    last_updated: Option<String>,
    #[serde(default)]
    products: Vec<Value>,
    /// 0.0.x: components of all products of the statement.
    #[serde(default)]
    subcomponents: Vec<Value>,
    status: VexStatus,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    impact_statement: Option<String>,
    #[serde(default)]
    status_notes: Option<String>,
}

/// What names a product or component.
#[derive(Default, Deserialize)]
struct Component {
    #[serde(rename = "@id", default)]
    id: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<String, Value>,
    #[serde(default)]
    hashes: BTreeMap<String, Value>,
    #[serde(default)]
    subcomponents: Vec<Value>,
}

pub(super) fn read(bytes: &[u8], context: &Value) -> Result<Document, PolicyError> {
    known_version(context)?;
    let form: Form = super::read(bytes, WHAT)?;
    let mut document = Document {
        author: said(form.author),
        ..Document::default()
    };
    let said_at = moment(form.last_updated.as_deref()).or(moment(form.timestamp.as_deref()));
    let mut count = 0;
    for statement in form.statements {
        bounded(
            &mut count,
            statement
                .products
                .len()
                .max(1)
                .saturating_mul(statement.subcomponents.len().max(1)),
        )?;
        let shared = components(&statement.subcomponents);
        let mut products = Vec::with_capacity(statement.products.len());
        for product in statement.products {
            let Some(named) = component(&product) else {
                continue;
            };
            bounded(&mut count, named.subcomponents.len())?;
            let mut within = components(&named.subcomponents);
            within.extend(shared.iter().cloned());
            let identities = identities(&named);
            // Components that cannot be read must not turn into the product as a whole.
            let narrowed = !named.subcomponents.is_empty() || !statement.subcomponents.is_empty();
            if !identities.is_empty() && (!narrowed || !within.is_empty()) {
                products.push(Product {
                    identities,
                    components: within,
                    platform: None,
                });
            }
        }
        document.statements.push(Statement {
            ids: ids(&statement.vulnerability),
            status: statement.status,
            justification: statement
                .justification
                .and_then(|word| serde_json::from_value::<Justification>(Value::String(word)).ok()),
            detail: said(statement.impact_statement).or(said(statement.status_notes)),
            at: moment(statement.last_updated.as_deref())
                .or(moment(statement.timestamp.as_deref()))
                .or(said_at),
            products,
        });
    }
    Ok(document)
}

/// The context names the version: `https://openvex.dev/ns/v0.2.0`; without one it is 0.0.1.
fn known_version(context: &Value) -> Result<(), PolicyError> {
    let other = |found: &str| PolicyError::OtherVersion {
        what: "OpenVEX",
        found: shown(found),
        known: "0.0.1 to 0.2.x",
    };
    let text = match context {
        Value::String(text) => text.as_str(),
        Value::Array(texts) => texts
            .iter()
            .filter_map(Value::as_str)
            .find(|text| text.contains("openvex"))
            .unwrap_or_default(),
        _ => "",
    };
    let rest = text
        .trim_end_matches('/')
        .strip_prefix("https://openvex.dev/ns")
        .or_else(|| text.strip_prefix("https://openvex.dev/docs"))
        .ok_or(PolicyError::UnknownVex)?;
    let version = rest.trim_start_matches(['/', 'v']);
    let known = rest.is_empty()
        || version
            .strip_prefix("0.")
            .and_then(|rest| rest.split('.').next())
            .and_then(|minor| minor.parse::<u32>().ok())
            .is_some_and(|minor| minor <= 2);
    if known { Ok(()) } else { Err(other(rest)) }
}

fn ids(vulnerability: &Value) -> Vec<String> {
    let mut ids = Vec::new();
    match vulnerability {
        Value::String(id) => ids.push(id.clone()),
        Value::Object(map) => {
            let aliases = map.get("aliases").and_then(Value::as_array);
            let named = [map.get("name")]
                .into_iter()
                .flatten()
                .chain(aliases.into_iter().flatten());
            ids.extend(named.filter_map(Value::as_str).map(str::to_owned));
            if ids.is_empty()
                && let Some(id) = map.get("@id").and_then(Value::as_str)
            {
                // An address such as `https://nvd.nist.gov/vuln/detail/CVE-2019-17571`.
                ids.push(id.rsplit('/').next().unwrap_or(id).to_owned());
            }
        }
        _ => {}
    }
    ids
}

fn component(value: &Value) -> Option<Component> {
    match value {
        Value::String(id) => Some(Component {
            id: Some(id.clone()),
            ..Component::default()
        }),
        other => Component::deserialize(other).ok(),
    }
}

fn identities(component: &Component) -> Vec<Identity> {
    let mut identities = Vec::new();
    let texts = component
        .identifiers
        .get("purl")
        .and_then(Value::as_str)
        .into_iter()
        .chain(component.id.as_deref());
    for text in texts {
        if text.starts_with("pkg:") {
            identities.extend(Purl::strict(text).map(Identity::Purl));
        } else if !text.contains("://") {
            identities.push(Identity::Image(text.to_owned()));
        }
    }
    for (algorithm, digest) in &component.hashes {
        if let ("sha-256" | "sha256", Some(digest)) = (algorithm.as_str(), digest.as_str()) {
            identities.push(Identity::Image(format!("sha256:{digest}")));
        }
    }
    identities
}

/// The purls of components; a component that is known by nothing else cannot be compared.
fn components(values: &[Value]) -> Vec<Purl> {
    values
        .iter()
        .filter_map(component)
        .flat_map(|component| identities(&component))
        .filter_map(|identity| match identity {
            Identity::Purl(purl) => Some(purl),
            Identity::Image(_) => None,
        })
        .collect()
}
