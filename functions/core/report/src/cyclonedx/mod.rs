//! CycloneDX 1.6 as JSON. Source: ECMA-424 (CycloneDX specification 1.6) and its JSON schema.
//!
//! The structures are ours and not those of the `serde-cyclonedx` crate, whose types hold a whole document in memory
//! with every string its own; this one is written while it is made. A test holds it against the published schema.
//!
//! What CycloneDX has no field for is a property whose name begins with `bulkhead:`, so that the same scan can be made
//! of the document again. The source package is also in the purl's qualifier `upstream`, which other scanners read.

mod components;
mod vulnerabilities;

use std::io;

use schemas::{
    inventory::{CoverageStatus, TargetKind},
    report::Report,
};
use serde::Serialize;

use self::{
    components::{Component, Refs, components},
    vulnerabilities::vulnerabilities,
};
use crate::{
    identity,
    stream::{Lazy, write_json},
    words,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a, C, V> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: C,
    dependencies: [Dependency<'a>; 1],
    compositions: Vec<Composition<'a>>,
    vulnerabilities: V,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: String,
    tools: Tools<'a>,
    component: Component<'a>,
    properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Tool<'a>; 1],
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    r#ref: &'a str,
    depends_on: &'a [String],
}

#[derive(Serialize)]
struct Composition<'a> {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assemblies: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<[&'a str; 1]>,
}

pub(crate) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let refs = Refs::of(report);
    let bom = Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", identity::uuid(report)?),
        version: 1,
        metadata: metadata(report),
        components: Lazy(|| components(report, &refs)),
        dependencies: [Dependency {
            r#ref: components::ROOT,
            depends_on: &refs.all,
        }],
        compositions: vec![
            Composition {
                aggregate: match report.coverage.status {
                    CoverageStatus::Complete => "complete",
                    CoverageStatus::Partial => "incomplete",
                    CoverageStatus::Unsupported => "unknown",
                },
                assemblies: Some([components::ROOT]),
                dependencies: None,
            },
            // Which package needs which is not known here.
            Composition {
                aggregate: "unknown",
                assemblies: None,
                dependencies: Some([components::ROOT]),
            },
        ],
        vulnerabilities: Lazy(|| vulnerabilities(report, &refs)),
    };
    write_json(&bom, out)
}

fn metadata(report: &Report) -> Metadata<'_> {
    let mut properties = vec![
        property("bulkhead:target:kind", words::target(report.target.kind)),
        property("bulkhead:coverage", words::coverage(report.coverage.status)),
    ];
    for gap in &report.coverage.gaps {
        let text = format!("{}: {}", words::gap_reason(gap.reason), words::gap(gap));
        properties.push(property("bulkhead:gap", text));
    }
    for row in &report.cannot_judge {
        let text = format!(
            "{} in {} {}: {}",
            row.vulnerability, row.package, row.installed_version, row.detail
        );
        properties.push(property("bulkhead:cannot_judge", text));
    }
    let hash = report.target.id.as_deref();
    Metadata {
        timestamp: report.scanned_at.to_string(),
        tools: Tools {
            components: [Tool {
                r#type: "application",
                name: "bulkhead",
                version: &report.software,
            }],
        },
        component: Component::root(
            match report.target.kind {
                TargetKind::Image => "container",
                TargetKind::Host => "device",
                TargetKind::Folder | TargetKind::Unknown => "file",
            },
            &report.target.name,
            hash,
        ),
        properties,
    }
}

fn property<'a>(name: &'static str, value: impl Into<std::borrow::Cow<'a, str>>) -> Property<'a> {
    Property {
        name,
        value: value.into(),
    }
}
