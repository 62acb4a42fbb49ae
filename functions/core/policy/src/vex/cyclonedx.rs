//! CycloneDX with analyses of vulnerabilities. Source: CycloneDX 1.4 to 1.7, "vulnerabilities".

use std::collections::HashMap;

use purl::{Purl, decode};
use schemas::policy::VexStatus;
use serde::Deserialize;

use super::{Document, Identity, Justification, Product, Statement, bounded, moment, said};
use crate::error::{PolicyError, shown};

const WHAT: &str = "CycloneDX document";
/// How deep components may be nested.
const MAX_DEPTH: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    spec_version: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    component: Option<Component>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Component {
    #[serde(default)]
    bom_ref: Option<String>,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
    #[serde(default)]
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: Vec<Affected>,
    #[serde(default)]
    updated: Option<String>,
    #[serde(default)]
    published: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    #[serde(default)]
    state: String,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    last_updated: Option<String>,
    #[serde(default)]
    first_issued: Option<String>,
}

#[derive(Deserialize)]
struct Affected {
    r#ref: String,
    #[serde(default)]
    versions: Vec<AffectedVersion>,
}

#[derive(Deserialize)]
struct AffectedVersion {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, PolicyError> {
    let form: Form = super::read(bytes, WHAT)?;
    if !matches!(form.spec_version.as_str(), "1.4" | "1.5" | "1.6" | "1.7") {
        return Err(PolicyError::OtherVersion {
            what: "CycloneDX with vulnerabilities",
            found: shown(&form.spec_version),
            known: "1.4 to 1.7",
        });
    }
    let mut document = Document::default();
    let said_at = moment(form.metadata.timestamp.as_deref());
    let whole = form.metadata.component.as_ref();
    let image = whole
        .filter(|component| component.r#type == "container")
        .map(image_identities)
        .unwrap_or_default();
    let purls = purls(&form.components, whole);
    let mut count = 0;
    for vulnerability in form.vulnerabilities {
        // Without an analysis it is a finding and no statement.
        let Some(analysis) = vulnerability.analysis else {
            continue;
        };
        let status = match analysis.state.as_str() {
            "not_affected" | "false_positive" => VexStatus::NotAffected,
            "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
            "exploitable" => VexStatus::Affected,
            _ => VexStatus::UnderInvestigation,
        };
        let detail = said(analysis.detail);
        let justification = analysis.justification.as_deref();
        let mut products = Vec::new();
        for affected in &vulnerability.affects {
            bounded(&mut count, affected.versions.len().max(1))?;
            let is_whole = whole.is_some_and(|it| it.bom_ref.as_ref() == Some(&affected.r#ref));
            if is_whole && !image.is_empty() {
                products.push(Product {
                    identities: image.clone(),
                    components: Vec::new(),
                    platform: None,
                });
                continue;
            }
            let Some(purl) = purl_of(&affected.r#ref, &purls) else {
                continue;
            };
            for purl in versions(purl, &affected.versions) {
                products.push(if image.is_empty() {
                    Product {
                        identities: vec![Identity::Purl(purl)],
                        components: Vec::new(),
                        platform: None,
                    }
                } else {
                    // What is so in this image need not be so in another one that has the same package.
                    Product {
                        identities: image.clone(),
                        components: vec![purl],
                        platform: None,
                    }
                });
            }
        }
        document.statements.push(Statement {
            ids: vulnerability
                .id
                .into_iter()
                .chain(vulnerability.references.into_iter().filter_map(|it| it.id))
                .collect(),
            status,
            justification: justification.and_then(in_our_words),
            detail: detail.or_else(|| {
                justification.map(shown).or_else(|| {
                    (analysis.state == "false_positive").then(|| "a false positive".to_owned())
                })
            }),
            at: moment(analysis.last_updated.as_deref())
                .or(moment(analysis.first_issued.as_deref()))
                .or(moment(vulnerability.updated.as_deref()))
                .or(moment(vulnerability.published.as_deref()))
                .or(said_at),
            products,
        });
    }
    Ok(document)
}

/// Those of CycloneDX's words that OpenVEX has, too; the others are kept as the author's reason.
fn in_our_words(word: &str) -> Option<Justification> {
    Some(match word {
        "code_not_present" => Justification::VulnerableCodeNotPresent,
        "code_not_reachable" => Justification::VulnerableCodeNotInExecutePath,
        "protected_by_mitigating_control" | "protected_by_compiler" | "protected_at_runtime" => {
            Justification::InlineMitigationsAlreadyExist
        }
        _ => return None,
    })
}

/// What an image's component is known by: its purl, its name with its version, a digest.
fn image_identities(component: &Component) -> Vec<Identity> {
    let mut identities: Vec<Identity> = Vec::new();
    identities.extend(
        component
            .purl
            .as_deref()
            .and_then(Purl::strict)
            .map(Identity::Purl),
    );
    let version = component.version.as_deref().filter(|it| !it.is_empty());
    match version {
        Some(digest) if digest.starts_with("sha256:") => {
            identities.push(Identity::Image(digest.to_owned()));
        }
        Some(tag) if !component.name.contains('@') => {
            identities.push(Identity::Image(format!("{}:{tag}", component.name)));
        }
        _ => {}
    }
    identities.push(Identity::Image(component.name.clone()));
    identities
}

fn purls<'a>(components: &'a [Component], whole: Option<&'a Component>) -> HashMap<&'a str, Purl> {
    let mut purls = HashMap::new();
    let mut open: Vec<(&Component, usize)> =
        components.iter().chain(whole).map(|it| (it, 0)).collect();
    while let Some((component, depth)) = open.pop() {
        let purl = component.purl.as_deref().and_then(Purl::strict);
        if let (Some(id), Some(purl)) = (component.bom_ref.as_deref(), purl) {
            purls.insert(id, purl);
        }
        if depth < MAX_DEPTH {
            open.extend(component.components.iter().map(|inner| (inner, depth + 1)));
        }
    }
    purls
}

/// What a reference means: a component of this document, a purl, or a BOM-Link (`urn:cdx:SERIAL/VERSION#REF`) whose
/// reference is a purl.
fn purl_of(reference: &str, purls: &HashMap<&str, Purl>) -> Option<Purl> {
    if let Some(purl) = purls.get(reference) {
        return Some(purl.clone());
    }
    if reference.starts_with("pkg:") {
        return Purl::strict(reference);
    }
    let (_, reference) = reference
        .strip_prefix("urn:cdx:")
        .and_then(|link| link.split_once('#'))?;
    let reference = decode(reference)?;
    purls
        .get(reference.as_str())
        .cloned()
        .or_else(|| Purl::strict(&reference))
}

/// The package in each version that is named. Ranges are left out, because a status would then hold for versions that
/// nobody looked at.
fn versions(purl: Purl, versions: &[AffectedVersion]) -> Vec<Purl> {
    if versions.is_empty() {
        return vec![purl];
    }
    versions
        .iter()
        .filter(|it| it.status.as_deref() != Some("unknown"))
        .filter_map(|it| it.version.clone())
        .map(|version| Purl {
            version: Some(version),
            ..purl.clone()
        })
        .collect()
}
