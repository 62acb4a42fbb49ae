//! `pubspec.lock` of Dart and Flutter. Source: Dart's documentation, "The pubspec lockfile".

use schemas::inventory::PackageKind;
use serde::Deserialize;

use super::{
    Format, Listing, cut, development_if,
    loose::{Map, Text},
    yaml,
};
use crate::analyzers::AnalyzerError;

pub(super) static PUBSPEC: Format = Format {
    name: "pubspec-lock",
    kind: PackageKind::Pub,
    wants: |name| name == "pubspec.lock",
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Map<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    dependency: Text,
    source: Text,
    version: Text,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = yaml(bytes, "pubspec.lock")?;
    for (name, entry) in &lock.packages.0 {
        // `sdk` comes with the tools, `path` is the application's own.
        if matches!(entry.source.get(), Some("sdk" | "path")) {
            continue;
        }
        let development = entry.dependency.get() == Some("direct dev");
        match entry.version.get() {
            Some(version) => listing.add(name, version, development_if(development)),
            None => listing.unresolved(format!("`{}` is named without a version", cut(name))),
        }
    }
    Ok(())
}
