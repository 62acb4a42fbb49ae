//! `Cargo.lock`. It does not tell what is for tests only. Source: the Cargo book, "Cargo.toml vs Cargo.lock".

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing,
    loose::{List, Text},
    toml,
};
use crate::analyzers::AnalyzerError;

pub(super) static CARGO: Format = Format {
    name: "cargo-lock",
    kind: PackageKind::Cargo,
    wants: |name| name == "Cargo.lock",
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: List<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    name: Text,
    version: Text,
    /// Absent for the workspace's own crates.
    source: Text,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = toml(bytes, "Cargo.lock")?;
    for entry in &lock.package.0 {
        match (entry.name.get(), entry.version.get()) {
            _ if entry.source.get().is_none() => {}
            (Some(name), Some(version)) => listing.add(name, version, PackageOrigin::Locked),
            _ => listing.broken("a package without name or version was skipped"),
        }
    }
    Ok(())
}
