//! `Manifest.toml` of Julia. Source: Pkg's documentation, "Project.toml and Manifest.toml".

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing,
    loose::{List, Map, Text},
    toml,
};
use crate::analyzers::AnalyzerError;

pub(super) static MANIFEST: Format = Format {
    name: "julia-manifest",
    kind: PackageKind::Julia,
    wants: |name| matches!(name, "Manifest.toml" | "JuliaManifest.toml"),
    parse,
};

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    julia_version: Text,
    #[serde(default)]
    manifest_format: Text,
    /// Since format 2.
    #[serde(default)]
    deps: Map<List<Entry>>,
}

#[derive(Default, Deserialize)]
struct Entry {
    /// Absent for what comes with Julia itself.
    #[serde(default)]
    version: Text,
    #[serde(default)]
    uuid: Text,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let manifest: Manifest = toml(bytes, "Manifest.toml")?;
    // Others give their files this name too.
    let is_julia =
        manifest.julia_version.get().is_some() || manifest.manifest_format.get().is_some();
    let deps = if is_julia {
        manifest.deps
    } else {
        // Format 1 has the packages at the top.
        toml::<Map<List<Entry>>>(bytes, "Manifest.toml")?
    };
    for (name, entries) in &deps.0 {
        let entries = entries.0.iter().filter(|entry| entry.uuid.get().is_some());
        for version in entries.filter_map(|entry| entry.version.get()) {
            listing.add(name, version, PackageOrigin::Locked);
        }
    }
    Ok(())
}
