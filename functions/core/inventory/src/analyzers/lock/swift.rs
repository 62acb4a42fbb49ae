//! `Package.resolved` of the Swift package manager, versions 1 to 3. Source: Swift's documentation of package resolution,
//! and the purl type `swift`.

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing, cut, json,
    loose::{List, Text},
};
use crate::analyzers::AnalyzerError;

pub(super) static PACKAGE_RESOLVED: Format = Format {
    name: "swift-resolved",
    kind: PackageKind::Swift,
    wants: |name| matches!(name, "Package.resolved" | ".package.resolved"),
    parse,
};

#[derive(Deserialize)]
struct Resolved {
    /// Since version 2.
    #[serde(default)]
    pins: List<Pin>,
    /// Version 1.
    #[serde(default)]
    object: Option<Object>,
}

#[derive(Default, Deserialize)]
struct Object {
    #[serde(default)]
    pins: List<Pin>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pin {
    package: Text,
    identity: Text,
    kind: Text,
    location: Text,
    #[serde(rename = "repositoryURL")]
    repository: Text,
    state: State,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    version: Text,
    branch: Text,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let resolved: Resolved = json(bytes, "Package.resolved")?;
    let old = resolved
        .object
        .map(|object| object.pins)
        .unwrap_or_default();
    for pin in resolved.pins.0.iter().chain(&old.0) {
        if pin.kind.get() == Some("localSourceControl") || pin.kind.get() == Some("fileSystem") {
            continue;
        }
        let place = pin.location.get().or(pin.repository.get());
        let name = place
            .map(repository)
            .or(pin.identity.0.clone())
            .or(pin.package.0.clone());
        match (name, pin.state.version.get()) {
            (Some(name), Some(version)) => listing.add(&name, version, PackageOrigin::Locked),
            (Some(name), None) => listing.unresolved(format!(
                "`{}` is at the branch or commit `{}` and names no version",
                cut(&name),
                cut(pin.state.branch.get().unwrap_or_default())
            )),
            (None, _) => listing.broken("a package without a name was skipped"),
        }
    }
    Ok(())
}

/// `https://github.com/apple/swift-nio.git` and `git@github.com:apple/swift-nio.git` → `github.com/apple/swift-nio`
fn repository(url: &str) -> String {
    let plain = url.split_once("://").map_or(url, |(_, rest)| rest);
    let plain = plain.rsplit_once('@').map_or(plain, |(_, rest)| rest);
    let plain = plain.trim_end_matches('/');
    plain
        .strip_suffix(".git")
        .unwrap_or(plain)
        .replacen(':', "/", 1)
}
