//! Components: the target, its operating system, and its packages.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use schemas::{
    finding::Finding,
    inventory::{OperatingSystem, Package, PackageKind, PackageOrigin, UpdateState},
    report::Report,
};
use serde::Serialize;

use super::{Property, property};
use crate::{upstream, words};

/// The reference of the target itself.
pub(super) const ROOT: &str = "target";
/// The reference of its operating system.
const OS: &str = "operating-system";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'a> {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    reference: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
}

impl<'a> Component<'a> {
    pub(super) fn root(r#type: &'static str, name: &'a str, version: Option<&'a str>) -> Self {
        Self {
            r#type,
            reference: ROOT,
            name,
            version,
            description: None,
            scope: None,
            purl: None,
            properties: Vec::new(),
        }
    }
}

/// References of components, unique in the document: a package's purl where it is the only one of it.
pub(super) struct Refs<'a> {
    /// The operating system's where there is one, then one for each package in the report's order.
    pub(super) all: Vec<String>,
    first_package: usize,
    by_place: HashMap<(&'a str, &'a str), usize>,
    by_name: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Refs<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut all: Vec<String> = report.os.iter().map(|_| OS.to_owned()).collect();
        let first_package = all.len();
        let mut taken: HashSet<String> = HashSet::from([ROOT.to_owned(), OS.to_owned()]);
        let mut by_place = HashMap::new();
        let mut by_name = HashMap::new();
        for (at, package) in report.packages.iter().enumerate() {
            let place = first_package + at;
            by_place
                .entry((package.purl.as_str(), package.path.as_str()))
                .or_insert(place);
            by_name
                .entry((package.name.as_str(), package.version.as_str()))
                .or_insert(place);
            // The number in the report's order is unique by itself; a purl may be anything, even such a name.
            let mut reference = package.purl.clone();
            if reference.is_empty() || taken.contains(&reference) {
                reference = format!("{}#package-{at}", package.purl);
            }
            while !taken.insert(reference.clone()) {
                reference.push('-');
            }
            all.push(reference);
        }
        Self {
            all,
            first_package,
            by_place,
            by_name,
        }
    }

    fn package(&self, at: usize) -> &str {
        self.all
            .get(self.first_package + at)
            .map_or(ROOT, String::as_str)
    }

    /// What a finding is about; what has no purl is the operating system itself.
    pub(super) fn of_finding(&self, finding: &Finding) -> &str {
        let path = finding.path.as_deref().unwrap_or_default();
        let at = match &finding.purl {
            Some(purl) => self.by_place.get(&(purl.as_str(), path)).or_else(|| {
                self.by_name
                    .get(&(&finding.package, &finding.installed_version))
            }),
            None => self
                .by_name
                .get(&(&finding.package, &finding.installed_version)),
        };
        match at {
            Some(at) => self.all.get(*at).map_or(ROOT, String::as_str),
            None if finding.purl.is_none() && self.first_package > 0 => OS,
            None => ROOT,
        }
    }
}

pub(super) fn components<'a>(
    report: &'a Report,
    refs: &'a Refs<'a>,
) -> impl Iterator<Item = Component<'a>> {
    let os = report.os.iter().map(operating_system);
    os.chain(
        report
            .packages
            .iter()
            .enumerate()
            .map(|(at, package)| component(package, refs.package(at))),
    )
}

fn operating_system(os: &OperatingSystem) -> Component<'_> {
    let mut properties = Vec::new();
    let mut add = |name, value: Option<&'_ str>| {
        if let Some(value) = value {
            properties.push(property(name, value.to_owned()));
        }
    };
    for like in &os.id_like {
        add("bulkhead:os:id_like", Some(like));
    }
    add("bulkhead:os:codename", os.codename.as_deref());
    add("bulkhead:os:architecture", os.architecture.as_deref());
    if let Some(windows) = &os.windows {
        add("bulkhead:os:product_name", windows.product_name.as_deref());
        add("bulkhead:os:build", Some(&windows.build.to_string()));
        add(
            "bulkhead:os:ubr",
            windows.ubr.map(|ubr| ubr.to_string()).as_deref(),
        );
        add("bulkhead:os:edition", windows.edition.as_deref());
        add(
            "bulkhead:os:display_version",
            windows.display_version.as_deref(),
        );
        add(
            "bulkhead:os:installation_type",
            windows.installation_type.map(words::installation_type),
        );
        add(
            "bulkhead:os:updates_complete",
            Some(if windows.updates_complete {
                "true"
            } else {
                "false"
            }),
        );
        for update in &windows.updates {
            let name = match update.state {
                UpdateState::Installed => "bulkhead:os:update:installed",
                UpdateState::Pending => "bulkhead:os:update:pending",
                UpdateState::Superseded => "bulkhead:os:update:superseded",
                UpdateState::Unknown => "bulkhead:os:update:unknown",
            };
            add(name, Some(&update.kb));
        }
    }
    Component {
        r#type: "operating-system",
        reference: OS,
        name: &os.id,
        version: os.version_id.as_deref(),
        description: os.pretty_name.as_deref(),
        scope: None,
        purl: None,
        properties,
    }
}

fn component<'a>(package: &'a Package, reference: &'a str) -> Component<'a> {
    let mut properties = vec![
        property("bulkhead:kind", words::package_kind(package.kind)),
        property("bulkhead:path", package.path.as_str()),
    ];
    let optional = [
        ("bulkhead:source_name", package.source_name.as_deref()),
        ("bulkhead:source_version", package.source_version.as_deref()),
        ("bulkhead:architecture", package.architecture.as_deref()),
        ("bulkhead:owned_by", package.owned_by.as_deref()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            properties.push(property(name, value));
        }
    }
    if let Some(layer) = &package.layer {
        properties.push(property("bulkhead:layer", layer.to_string()));
    }
    match package.origin {
        PackageOrigin::Installed | PackageOrigin::Unknown => {}
        PackageOrigin::Locked => properties.push(property("bulkhead:origin", "locked")),
        PackageOrigin::Development => properties.push(property("bulkhead:origin", "development")),
    }
    Component {
        r#type: match package.kind {
            PackageKind::WindowsProgram => "application",
            PackageKind::WindowsFile => "file",
            _ => "library",
        },
        reference,
        name: &package.name,
        version: (!package.version.is_empty()).then_some(package.version.as_str()),
        description: None,
        // Development and test: not part of what runs.
        scope: (package.origin == PackageOrigin::Development).then_some("excluded"),
        purl: (!package.purl.is_empty()).then(|| upstream::with_upstream(package)),
        properties,
    }
}
