//! `composer.lock`. Source: Composer's documentation, "composer.lock - the lock file", and its schema of packages.

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing, cut, json,
    loose::{List, Text},
};
use crate::analyzers::AnalyzerError;

pub(super) static COMPOSER: Format = Format {
    name: "composer-lock",
    kind: PackageKind::Composer,
    wants: |name| name == "composer.lock",
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: List<Entry>,
    #[serde(default, rename = "packages-dev")]
    development: List<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    name: Text,
    version: Text,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = json(bytes, "composer.lock")?;
    let lists = [
        (&lock.packages, PackageOrigin::Locked),
        (&lock.development, PackageOrigin::Development),
    ];
    for (entry, origin) in lists
        .iter()
        .flat_map(|(list, origin)| list.0.iter().map(move |entry| (entry, *origin)))
    {
        match (entry.name.get(), entry.version.get()) {
            // A branch is no version.
            (Some(name), Some(version)) if version.starts_with("dev-") => {
                listing.unresolved(format!(
                    "`{}` is at the branch `{}`",
                    cut(name),
                    cut(version)
                ));
            }
            (Some(name), Some(version)) => listing.add(name, version, origin),
            _ => listing.broken("a package without name or version was skipped"),
        }
    }
    Ok(())
}
