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
        let for_tests =
            names.peek().is_some_and(|first| !first.is_empty()) && names.all(is_for_tests);
        listing.add(name, version, development_if(for_tests));
    }
    Ok(())
}

/// Whether `test` is a word of a configuration's name, as in `testRuntimeClasspath` and `debugUnitTestCompileClasspath`,
/// and not a part of one, as in `latestRelease`.
fn is_for_tests(name: &str) -> bool {
    name.match_indices("Test")
        .map(|(at, word)| at + word.len())
        .chain(name.starts_with("test").then_some("test".len()))
        .any(|end| {
            let rest = name.get(end..).unwrap_or_default();
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            !rest.starts_with(|c: char| c.is_ascii_lowercase())
        })
}
