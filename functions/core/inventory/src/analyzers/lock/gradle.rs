//! `gradle.lockfile`. Source: Gradle's documentation, "Locking Versions".

use schemas::inventory::PackageKind;

use super::{Format, Listing, cut, development_if, text};
use crate::analyzers::AnalyzerError;

pub(super) static GRADLE: Format = Format {
    name: "gradle-lock",
    kind: PackageKind::Maven,
    wants: |name| {
        name == "gradle.lockfile"
            || name == "buildscript-gradle.lockfile"
            || name.ends_with(".gradle.lockfile")
    },
    parse,
};

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    for line in text(bytes).lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        // `group:artifact:version=configuration,configuration`
        let (coordinates, configurations) = line.split_once('=').unwrap_or((line, ""));
        let Some((name, version)) = coordinates
            .rsplit_once(':')
            .filter(|(name, _)| name.contains(':'))
        else {
            listing.broken(format!("`{}` is no `group:artifact:version`", cut(line)));
            continue;
        };
        let mut names = configurations.split(',').map(str::trim).peekable();
        let for_tests = names.peek().is_some_and(|first| !first.is_empty())
            && names.all(|name| name.to_ascii_lowercase().contains("test"));
        listing.add(name, version, development_if(for_tests));
    }
    Ok(())
}
