//! SPDX 2 as JSON. Source: "SPDX Specification 2.3" and its JSON schema.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Raw, RawComponent, SPDX, SbomError, bounded, check_version};
use crate::limits::Limits;

#[derive(Deserialize)]
struct Envelope {
    sbom: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    packages: Option<Vec<SpdxPackage>>,
    #[serde(default)]
    document_describes: Option<Vec<String>>,
    #[serde(default)]
    relationships: Option<Vec<Relationship>>,
    #[serde(default)]
    annotations: Option<Vec<Annotation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(default, rename = "SPDXID")]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version_info: Option<String>,
    #[serde(default)]
    primary_package_purpose: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    external_refs: Option<Vec<ExternalRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    #[serde(default)]
    reference_type: Option<String>,
    #[serde(default)]
    reference_locator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    #[serde(default)]
    spdx_element_id: Option<String>,
    #[serde(default)]
    relationship_type: Option<String>,
    #[serde(default)]
    related_spdx_element: Option<String>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    annotator: Option<String>,
    #[serde(default)]
    comment: Option<String>,
}

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Raw, SbomError> {
    raw(serde_json::from_slice(bytes).map_err(broken)?, limits)
}

/// As GitHub's API answers: `{"sbom": …}`.
pub(super) fn parse_enveloped(bytes: &[u8], limits: &Limits) -> Result<Raw, SbomError> {
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(broken)?;
    raw(envelope.sbom, limits)
}

fn broken(source: serde_json::Error) -> SbomError {
    SbomError::Json {
        form: "SPDX",
        source,
    }
}

fn raw(document: Document, limits: &Limits) -> Result<Raw, SbomError> {
    let mut gathered = Gathered::new(&document.spdx_version, "JSON")?;
    gathered.name = document.name.unwrap_or_default();
    gathered
        .described
        .extend(document.document_describes.unwrap_or_default());
    for relationship in document.relationships.unwrap_or_default() {
        gathered.relate(
            relationship.spdx_element_id.as_deref().unwrap_or_default(),
            relationship
                .relationship_type
                .as_deref()
                .unwrap_or_default(),
            relationship
                .related_spdx_element
                .as_deref()
                .unwrap_or_default(),
        );
    }
    for annotation in document.annotations.unwrap_or_default() {
        let own = annotation
            .annotator
            .is_some_and(|by| by.starts_with("Tool: bulkhead"));
        if let (true, Some(comment)) = (own, annotation.comment) {
            gathered
                .raw
                .properties
                .push(("bulkhead:gap".to_owned(), bounded(comment)));
        }
    }
    for package in document.packages.unwrap_or_default() {
        let purl = package
            .external_refs
            .unwrap_or_default()
            .into_iter()
            .find(|reference| reference.reference_type.as_deref() == Some("purl"))
            .and_then(|reference| reference.reference_locator)
            .unwrap_or_default();
        let component = RawComponent {
            kind: purpose(
                package
                    .primary_package_purpose
                    .as_deref()
                    .unwrap_or_default(),
            )
            .to_owned(),
            name: bounded(package.name.unwrap_or_default()),
            version: bounded(package.version_info.unwrap_or_default()),
            description: bounded(package.summary.unwrap_or_default()),
            purl,
            ..RawComponent::default()
        };
        gathered.add(package.id.unwrap_or_default(), component, limits);
    }
    Ok(gathered.done(limits))
}

/// A package's purpose in CycloneDX's words.
pub(super) fn purpose(word: &str) -> &'static str {
    match word {
        "CONTAINER" => "container",
        "OPERATING-SYSTEM" | "OPERATING_SYSTEM" => "operating-system",
        "DEVICE" => "device",
        "FILE" => "file",
        "APPLICATION" => "application",
        _ => "library",
    }
}

/// What both of SPDX's forms gather.
pub(super) struct Gathered {
    pub(super) raw: Raw,
    pub(super) name: String,
    described: HashSet<String>,
    packages: Vec<(String, RawComponent)>,
    dropped: usize,
}

impl Gathered {
    pub(super) fn new(version: &str, form: &str) -> Result<Self, SbomError> {
        let number = version.strip_prefix("SPDX-").unwrap_or(version);
        let note = check_version("SPDX", number, SPDX)?;
        Ok(Self {
            raw: Raw {
                form: format!("SPDX {number} ({form})"),
                notes: note.into_iter().collect(),
                ..Raw::default()
            },
            name: String::new(),
            described: HashSet::new(),
            packages: Vec::new(),
            dropped: 0,
        })
    }

    pub(super) fn relate(&mut self, from: &str, kind: &str, to: &str) {
        match kind {
            "DESCRIBES" if from == "SPDXRef-DOCUMENT" => self.described.insert(to.to_owned()),
            "DESCRIBED_BY" if to == "SPDXRef-DOCUMENT" => self.described.insert(from.to_owned()),
            _ => false,
        };
    }

    pub(super) fn add(&mut self, id: String, component: RawComponent, limits: &Limits) {
        // One more than the packages, for what the document is about.
        if self.packages.len() <= limits.max_packages {
            self.packages.push((id, component));
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// What is described is the target when it is one thing and there are others in it.
    pub(super) fn done(mut self, limits: &Limits) -> Raw {
        self.raw.dropped = self.dropped;
        self.raw.target.name = bounded(self.name);
        let whole = self.described.len() == 1 && self.packages.len() > 1;
        for (id, component) in self.packages {
            if whole && self.described.contains(&id) {
                self.raw.target = component;
            } else {
                self.raw.add(component, limits);
            }
        }
        self.raw
    }
}
