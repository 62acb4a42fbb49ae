//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3. Source: npm documentation, "package-lock.json".

use schemas::inventory::PackageKind;
use serde::Deserialize;

use super::{
    Format, Listing, cut, development_if, json,
    loose::{Flag, Map, Text},
};
use crate::analyzers::AnalyzerError;

pub(super) static PACKAGE_LOCK: Format = Format {
    name: "npm-lock",
    kind: PackageKind::Npm,
    wants: |name| matches!(name, "package-lock.json" | "npm-shrinkwrap.json"),
    parse,
};

#[derive(Deserialize)]
struct PackageLock {
    /// Since version 2, by path.
    #[serde(default)]
    packages: Option<Map<Entry>>,
    /// Version 1 (and 2, for old npm), by name and nested.
    #[serde(default)]
    dependencies: Map<Nested>,
}

#[derive(Default, Deserialize)]
struct Entry {
    /// Only where it differs from what the path says.
    #[serde(default)]
    name: Text,
    #[serde(default)]
    version: Text,
    #[serde(default)]
    dev: Flag,
    #[serde(default)]
    link: Flag,
}

#[derive(Default, Deserialize)]
struct Nested {
    #[serde(default)]
    version: Text,
    #[serde(default)]
    dev: Flag,
    #[serde(default)]
    dependencies: Map<Nested>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: PackageLock = json(bytes, "package-lock.json")?;
    let Some(packages) = lock.packages else {
        nested(&lock.dependencies, listing);
        return Ok(());
    };
    for (path, entry) in &packages.0 {
        // Paths without `node_modules` are the application's own parts, and links point to them.
        let Some((_, folder)) = path.rsplit_once("node_modules/") else {
            continue;
        };
        if entry.link.0 {
            continue;
        }
        let name = entry.name.get().unwrap_or(folder);
        // `devOptional` is what production's optional dependencies need too, so production installs it.
        let development = entry.dev.0;
        match entry.version.get() {
            Some(version) => listing.add(name, version, development_if(development)),
            None => listing.unresolved(format!("`{}` is named without a version", cut(name))),
        }
    }
    Ok(())
}

/// The tree of version 1. Its depth is bounded by that of JSON.
fn nested(dependencies: &Map<Nested>, listing: &mut Listing<'_>) {
    for (name, entry) in &dependencies.0 {
        let version = entry.version.get().unwrap_or_default();
        // `npm:NAME@VERSION` is a package under another name.
        let (name, version) = version
            .strip_prefix("npm:")
            .and_then(|alias| alias.rsplit_once('@'))
            .unwrap_or((name, version));
        if version.starts_with("file:") {
            // A part of the application.
        } else if version.starts_with(|c: char| c.is_ascii_digit()) {
            listing.add(name, version, development_if(entry.dev.0));
        } else {
            listing.unresolved(format!(
                "`{}` comes from `{}`, which names no version",
                cut(name),
                cut(version)
            ));
        }
        nested(&entry.dependencies, listing);
    }
}
