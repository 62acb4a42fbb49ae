//! NuGet: `packages.lock.json`, `packages.config` and the central `Directory.Packages.props`. Sources: NuGet's
//! documentation, "Package references in project files", "packages.config reference", "Central package management".

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing, cut, development_if, json,
    loose::{Map, Text},
};
use crate::analyzers::{AnalyzerError, xml};

pub(super) static PACKAGES_LOCK: Format = Format {
    name: "nuget-lock",
    kind: PackageKind::Nuget,
    wants: |name| {
        name == "packages.lock.json"
            || (name.starts_with("packages.") && name.ends_with(".lock.json"))
    },
    parse: lock,
};

pub(super) static PACKAGES_CONFIG: Format = Format {
    name: "nuget-config",
    kind: PackageKind::Nuget,
    wants: |name| name.eq_ignore_ascii_case("packages.config"),
    parse: config,
};

pub(super) static CENTRAL_VERSIONS: Format = Format {
    name: "nuget-central",
    kind: PackageKind::Nuget,
    wants: |name| {
        name.eq_ignore_ascii_case("Directory.Packages.props")
            || name.eq_ignore_ascii_case("Packages.props")
    },
    parse: central,
};

#[derive(Deserialize)]
struct Lock {
    /// By target framework, then by package.
    #[serde(default)]
    dependencies: Map<Map<Entry>>,
}

#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    resolved: Text,
}

fn lock(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = json(bytes, "packages.lock.json")?;
    for (name, entry) in lock.dependencies.0.iter().flat_map(|(_, target)| &target.0) {
        match (entry.kind.get(), entry.resolved.get()) {
            // The application's own projects.
            (Some("Project"), _) => {}
            (_, Some(version)) => listing.add(name, version, PackageOrigin::Locked),
            (_, None) => {
                listing.unresolved(format!("`{}` is named without a version", cut(name)));
            }
        }
    }
    Ok(())
}

fn config(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    xml::walk(bytes, "packages.config", &mut |element| {
        if element.path.last().is_none_or(|name| name != "package") {
            return;
        }
        let development = element
            .attribute("developmentDependency")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        match (element.attribute("id"), element.attribute("version")) {
            (Some(id), Some(version)) => listing.add(&id, &version, development_if(development)),
            _ => listing.broken("a package without id or version was skipped"),
        }
    })
}

fn central(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    xml::walk(bytes, "Directory.Packages.props", &mut |element| {
        if element
            .path
            .last()
            .is_none_or(|name| name != "PackageVersion" && name != "PackageReference")
        {
            return;
        }
        let name = element
            .attribute("Include")
            .or_else(|| element.attribute("Update"));
        let Some(name) = name else { return };
        let version = element.attribute("Version").unwrap_or_default();
        // `[1.0]` is exactly that version; other ranges, floating versions and properties are resolved elsewhere.
        let exact = version.trim().trim_start_matches('[').trim_end_matches(']');
        if exact.is_empty() || exact.contains(['*', ',', '(', ')', '$']) {
            listing.unresolved(format!(
                "`{}` has the version `{}`, which is not an exact one",
                cut(&name),
                cut(&version)
            ));
        } else {
            listing.add(&name, exact, PackageOrigin::Locked);
        }
    })
}
