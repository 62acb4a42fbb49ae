//! SPDX 2.3 as JSON. Source: "SPDX Specification 2.3" (ISO/IEC 5962 is 2.2.1) and its JSON schema.
//!
//! It says what is in a target. What is wrong with that is not SPDX 2.3's to say; what was not read is, as annotations
//! of the document, since a list of packages that is not whole must not look whole.

use std::io;

use schemas::{
    Timestamp,
    inventory::{OperatingSystem, Package, TargetKind},
    report::Report,
};
use serde::Serialize;

use crate::{
    identity,
    stream::{Lazy, write_json},
    text, upstream, words,
};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const ROOT: &str = "SPDXRef-Target";
const OS: &str = "SPDXRef-OperatingSystem";
const NOBODY_SAYS: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, A, P, R> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationInfo,
    annotations: A,
    packages: P,
    relationships: R,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    annotation_date: String,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'a str>,
    download_location: &'static str,
    files_analyzed: bool,
    supplier: &'static str,
    license_concluded: &'static str,
    license_declared: &'static str,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_package_purpose: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
}

impl<'a> SpdxPackage<'a> {
    fn new(id: String, name: &'a str, version: Option<&'a str>) -> Self {
        Self {
            id,
            name,
            version_info: version.filter(|version| !version.is_empty()),
            download_location: NOBODY_SAYS,
            files_analyzed: false,
            supplier: NOBODY_SAYS,
            license_concluded: NOBODY_SAYS,
            license_declared: NOBODY_SAYS,
            copyright_text: NOBODY_SAYS,
            primary_package_purpose: None,
            source_info: None,
            summary: None,
            checksums: Vec::new(),
            external_refs: Vec::new(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: &'static str,
    relationship_type: &'static str,
    related_spdx_element: String,
}

pub(crate) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: &report.target.name,
        document_namespace: format!("urn:uuid:{}", identity::uuid(report)?),
        creation_info: CreationInfo {
            created: seconds(report.scanned_at),
            creators: [tool(report)],
        },
        annotations: Lazy(|| annotations(report)),
        packages: Lazy(|| {
            std::iter::once(root(report))
                .chain(report.os.iter().map(operating_system))
                .chain(report.packages.iter().enumerate().map(package))
        }),
        relationships: Lazy(|| relationships(report)),
    };
    write_json(&document, out)
}

fn tool(report: &Report) -> String {
    format!("Tool: bulkhead-{}", report.software)
}

/// SPDX's moments have no fractions. Source: SPDX 2.3, section 6.9.
fn seconds(moment: Timestamp) -> String {
    let text = moment.to_string();
    format!("{}Z", text.get(..19).unwrap_or_default())
}

fn annotations(report: &Report) -> impl Iterator<Item = Annotation> + '_ {
    let whole = words::not_fully_scanned(report).map(str::to_owned);
    let gaps = report
        .coverage
        .gaps
        .iter()
        .map(|gap| format!("{}: {}", words::gap_reason(gap.reason), words::gap(gap)));
    whole
        .into_iter()
        .chain(gaps)
        .map(move |comment| Annotation {
            annotation_date: seconds(report.scanned_at),
            annotation_type: "OTHER",
            annotator: tool(report),
            comment: text::plain(&comment).into_owned(),
        })
}

fn root(report: &Report) -> SpdxPackage<'_> {
    let id = report.target.id.as_deref();
    let mut root = SpdxPackage::new(ROOT.to_owned(), &report.target.name, id);
    root.primary_package_purpose = Some(match report.target.kind {
        TargetKind::Image => "CONTAINER",
        TargetKind::Host => "DEVICE",
        TargetKind::Folder | TargetKind::Unknown => "FILE",
    });
    // An image is the digest of its configuration.
    root.checksums = id
        .and_then(|id| id.strip_prefix("sha256:"))
        .filter(|hex| {
            hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
        .map(|checksum_value| Checksum {
            algorithm: "SHA256",
            checksum_value,
        })
        .into_iter()
        .collect();
    root
}

fn operating_system(os: &OperatingSystem) -> SpdxPackage<'_> {
    let mut package = SpdxPackage::new(OS.to_owned(), &os.id, os.version_id.as_deref());
    package.primary_package_purpose = Some("OPERATING_SYSTEM");
    package.summary = os.pretty_name.as_deref();
    package
}

fn package((at, package): (usize, &Package)) -> SpdxPackage<'_> {
    let mut spdx = SpdxPackage::new(element(at), &package.name, Some(&package.version));
    let mut info = format!("found in {}", text::plain(&package.path));
    if let Some(source) = &package.source_name {
        info.push_str(&format!("; built from {}", text::plain(source)));
        if let Some(version) = &package.source_version {
            info.push_str(&format!(" {}", text::plain(version)));
        }
    }
    spdx.source_info = Some(info);
    if !package.purl.is_empty() {
        spdx.external_refs.push(ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: upstream::with_upstream(package),
        });
    }
    spdx
}

fn element(at: usize) -> String {
    format!("SPDXRef-Package-{at}")
}

fn relationships(report: &Report) -> impl Iterator<Item = Relationship> + '_ {
    let describes = Relationship {
        spdx_element_id: DOCUMENT,
        relationship_type: "DESCRIBES",
        related_spdx_element: ROOT.to_owned(),
    };
    let os = report.os.iter().map(|_| OS.to_owned());
    let packages = (0..report.packages.len()).map(element);
    std::iter::once(describes).chain(os.chain(packages).map(|related| Relationship {
        spdx_element_id: ROOT,
        relationship_type: "CONTAINS",
        related_spdx_element: related,
    }))
}
