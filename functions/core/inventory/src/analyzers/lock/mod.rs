//! Lock files: what a build or deployment of an application is going to use. Each format is one file here and one line
//! in [`FORMATS`]; this one chooses the format by the file's name and collects what it lists.
//!
//! They are read in folders, and in images only when asked: in an image what counts is what is installed.

mod bun;
mod cargo;
mod cocoapods;
mod composer;
mod conan;
mod conda;
mod dotnet;
mod gemfile;
mod go_mod;
mod gradle;
mod julia;
mod loose;
mod mix;
mod npm;
mod pipfile;
mod pnpm;
mod pom;
mod pubspec;
mod python;
mod requirements;
mod sbt;
mod swift;
mod yarn;

use std::collections::HashMap;

use schemas::inventory::{CoverageGap, Evidence, GapReason, Package, PackageKind, PackageOrigin};

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::{
    content::Content,
    gaps::{Gaps, gap_at},
    path::split,
    purls,
};

pub(crate) use go_mod::{GO_MOD_UNPRUNED, GO_SUM};

/// Bytes of one lock file. Those of the largest known workspaces have some ten million.
const MAX_BYTES: u64 = 24 << 20;
const MAX_GAPS: usize = 20;

/// Reads lock files of every format.
pub(crate) struct LockFiles;

/// One format.
struct Format {
    /// Its name, which `Evidence::Packages` carries.
    name: &'static str,
    /// The kind of packages that it lists.
    kind: PackageKind,
    /// Whether it is the format of a file, by its name.
    wants: fn(&str) -> bool,
    parse: fn(&[u8], &mut Listing<'_>) -> Result<(), AnalyzerError>,
}

static FORMATS: &[&Format] = &[
    &npm::PACKAGE_LOCK,
    &yarn::YARN,
    &pnpm::PNPM,
    &bun::BUN,
    &python::POETRY,
    &python::UV,
    &python::PDM,
    &python::PYLOCK,
    &pipfile::PIPFILE,
    &requirements::REQUIREMENTS,
    &dotnet::PACKAGES_LOCK,
    &dotnet::PACKAGES_CONFIG,
    &dotnet::CENTRAL_VERSIONS,
    &gradle::GRADLE,
    &sbt::SBT,
    &pom::POM,
    &go_mod::GO_MOD,
    &go_mod::GO_SUM_FILE,
    &cargo::CARGO,
    &gemfile::GEMFILE,
    &composer::COMPOSER,
    &conan::CONAN,
    &pubspec::PUBSPEC,
    &mix::MIX,
    &swift::PACKAGE_RESOLVED,
    &cocoapods::PODFILE,
    &conda::ENVIRONMENT,
    &julia::MANIFEST,
];

impl Analyzer for LockFiles {
    fn name(&self) -> &'static str {
        "lock-file"
    }

    fn wants(&self, path: &str) -> bool {
        format_of(path).is_some()
    }

    fn is_lock_file(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let Some(format) = format_of(path) else {
            return Err(AnalyzerError::Unsupported(
                "no format of lock files has this name".to_owned(),
            ));
        };
        let bytes = content.read_all(MAX_BYTES)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut listing = Listing::new(path, format.kind, format.name);
        (format.parse)(bytes, &mut listing)?;
        Ok(listing.into_analysis())
    }
}

/// The format of a file. What a package manager keeps of other people's packages is not the application's.
fn format_of(path: &str) -> Option<&'static Format> {
    let (folder, name) = split(path);
    let format = FORMATS
        .iter()
        .copied()
        .find(|format| (format.wants)(name))
        .or_else(|| requirements::lies_in(folder, name).then_some(&requirements::REQUIREMENTS))?;
    let foreign = folder.split('/').any(|part| {
        matches!(
            part,
            "node_modules" | "site-packages" | "dist-packages" | "bower_components"
        )
    }) || folder.contains("/pkg/mod/")
        || folder.contains("/registry/src/");
    (!foreign).then_some(format)
}

/// The packages of a file as they are found.
pub(crate) struct Listing<'a> {
    path: &'a str,
    kind: PackageKind,
    analyzer: &'static str,
    packages: Vec<Package>,
    /// Where a name and version stands in `packages`.
    at: HashMap<(String, String), usize>,
    gaps: Gaps,
    full: bool,
}

impl<'a> Listing<'a> {
    fn new(path: &'a str, kind: PackageKind, analyzer: &'static str) -> Self {
        Self {
            path,
            kind,
            analyzer,
            packages: Vec::new(),
            at: HashMap::new(),
            gaps: Gaps::new(MAX_GAPS),
            full: false,
        }
    }

    /// Calls the evidence by another analyzer's name.
    fn rename(&mut self, analyzer: &'static str) {
        self.analyzer = analyzer;
    }

    /// A package. One that is named twice counts as needed for more than development if either says so.
    fn add(&mut self, name: &str, version: &str, origin: PackageOrigin) {
        if !is_word(name) || !is_word(version) {
            self.broken(format!(
                "an entry was skipped: `{}` is no package with a version",
                cut(name)
            ));
            return;
        }
        if let Some(index) = self.at.get(&(name.to_owned(), version.to_owned())) {
            if let Some(known) = self.packages.get_mut(*index) {
                known.origin = known.origin.min(origin);
            }
            return;
        }
        if self.packages.len() >= super::MAX_PACKAGES {
            self.full = true;
            return;
        }
        self.at
            .insert((name.to_owned(), version.to_owned()), self.packages.len());
        self.packages.push(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: self.kind,
            purl: purls::of_language(self.kind, name, version),
            path: self.path.to_owned(),
            origin,
            ..Package::default()
        });
    }

    /// As [`Self::add`], for packages of another kind than the format's.
    fn add_as(&mut self, kind: PackageKind, name: &str, version: &str, origin: PackageOrigin) {
        let own = std::mem::replace(&mut self.kind, kind);
        self.add(name, version, origin);
        self.kind = own;
    }

    /// A package whose version is not known before its dependencies are resolved.
    fn unresolved(&mut self, detail: impl Into<String>) {
        self.gaps
            .push(gap_at(GapReason::Unresolved, self.path, detail));
    }

    /// An entry that was skipped.
    fn broken(&mut self, detail: impl Into<String>) {
        self.gaps
            .push(gap_at(GapReason::Corrupt, self.path, detail));
    }

    fn into_analysis(self) -> Analysis {
        let mut gaps: Vec<CoverageGap> = self.gaps.into_vec();
        if self.full {
            gaps.push(super::too_many(self.path));
        }
        Analysis {
            evidence: vec![Evidence::Packages {
                path: self.path.to_owned(),
                analyzer: self.analyzer.to_owned(),
                packages: self.packages,
            }],
            gaps,
        }
    }
}

/// What a stranger wrote, at most so much that a sentence stays readable.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// The text of a file whose format is text.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Reads JSON.
fn json<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, AnalyzerError> {
    serde_json::from_slice(bytes).map_err(|error| {
        AnalyzerError::Corrupt(format!("not a {what}: {}", cut(&error.to_string())))
    })
}

/// Reads TOML.
fn toml<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, AnalyzerError> {
    toml::from_str(&text(bytes))
        .map_err(|error| AnalyzerError::Corrupt(format!("not a {what}: {}", cut(error.message()))))
}

/// Reads YAML. Aliases and depth are bounded by the reader's own limits, the number of nodes by the file's size.
fn yaml<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, AnalyzerError> {
    let budget = serde_saphyr::budget! {
        max_nodes: 5_000_000,
        max_events: 12_000_000,
    };
    let options = serde_saphyr::options! { budget: budget };
    serde_saphyr::from_str_with_options(&text(bytes), options).map_err(|error| {
        let line = error
            .location()
            .map_or_else(String::new, |at| format!(" (line {})", at.line()));
        AnalyzerError::Corrupt(format!("not a {what}{line}: {}", cut(&error.to_string())))
    })
}

/// `Development` where the condition holds.
fn development_if(development: bool) -> PackageOrigin {
    if development {
        PackageOrigin::Development
    } else {
        PackageOrigin::Locked
    }
}

#[cfg(test)]
mod tests;
