//! `build.sbt.lock`. Source: the sbt-dependency-lock plug-in's description of its file.

use schemas::inventory::PackageKind;
use serde::Deserialize;

use super::{
    Format, Listing, development_if, json,
    loose::{List, Text},
};
use crate::analyzers::AnalyzerError;

pub(super) static SBT: Format = Format {
    name: "sbt-lock",
    kind: PackageKind::Maven,
    wants: |name| name == "build.sbt.lock",
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    dependencies: List<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    org: Text,
    name: Text,
    version: Text,
    configurations: List<Text>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = json(bytes, "build.sbt.lock")?;
    for entry in &lock.dependencies.0 {
        let (Some(org), Some(name), Some(version)) =
            (entry.org.get(), entry.name.get(), entry.version.get())
        else {
            listing.broken("an entry without organisation, name or version was skipped");
            continue;
        };
        let configurations = &entry.configurations.0;
        let for_tests = !configurations.is_empty()
            && configurations
                .iter()
                .all(|name| matches!(name.get(), Some("test" | "it" | "plugin" | "scala-tool")));
        listing.add(&format!("{org}:{name}"), version, development_if(for_tests));
    }
    Ok(())
}
