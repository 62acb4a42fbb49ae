//! Packages of languages that the system's packages brought: found by the records of who owns which file.
//!
//! A distribution mends its packages without changing the versions that languages know them by, so these are judged by
//! the distribution's advisories alone. What lies over such a file since a later layer is not the distribution's any
//! more, and what others than the distribution built its advisories do not speak of.

use std::collections::{HashMap, HashSet};

use schemas::{
    Digest,
    inventory::{CoverageGap, Evidence, GapReason, Package, PackageKind},
};

use super::{File, Pile, key_of};

/// Owners of files.
pub(super) struct Owners<'a> {
    /// By path, without `usr/` where a system may have it either way: the owner, and the number of the layer that
    /// brought it.
    files: HashMap<&'a str, (&'a str, u32)>,
    /// Whether dpkg is there without its lists of files, so that only where a file lies can tell.
    dpkg_without_lists: bool,
}

impl<'a> Owners<'a> {
    pub(super) fn of(pile: &Pile<'a>) -> Self {
        let records = || {
            pile.files.values().flat_map(|file| {
                file.evidence
                    .iter()
                    .filter_map(move |evidence| match evidence {
                        Evidence::OwnedFiles {
                            analyzer, owners, ..
                        } => Some((file, analyzer.as_str(), owners)),
                        _ => None,
                    })
            })
        };
        let foreign: HashSet<&str> = records()
            .flat_map(|(_, _, owners)| owners)
            .filter(|owner| owner.foreign)
            .map(|owner| owner.package.as_str())
            .collect();
        let mut files = HashMap::new();
        let mut lists = false;
        for (file, analyzer, owners) in records() {
            lists |= analyzer == "dpkg-files";
            let since = since(file, &pile.numbers);
            for owner in owners {
                let package = owner.package.as_str();
                if foreign.contains(package) {
                    continue;
                }
                let number = since.get(package).copied().unwrap_or(file.number);
                for path in &owner.paths {
                    files.insert(plain(path), (package, number));
                }
            }
        }
        Self {
            files,
            dpkg_without_lists: pile.analyzers().contains("dpkg") && !lists,
        }
    }

    /// The system's package that owns the file in which this one was found, last written by a layer of this number.
    pub(super) fn owner(&self, package: &Package, number: u32) -> Option<&'a str> {
        if is_system(package.kind) {
            return None;
        }
        // What lies inside of an archive is written as `ARCHIVE!/INSIDE`.
        let path = package.path.split('!').next().unwrap_or(&package.path);
        let path = path.trim_end_matches('/');
        match self.files.get(plain(path)) {
            Some((owner, since)) => (number <= *since).then_some(*owner),
            None => (self.dpkg_without_lists && belongs_to_debian(package)).then_some("dpkg"),
        }
    }
}

impl Owners<'_> {
    /// Whether a gap is about what a language's package of the distribution does not say of itself, which nobody needs
    /// where the distribution judges it. `numbers` are those of the layers.
    pub(super) fn answer(&self, gap: &CoverageGap, numbers: &HashMap<&Digest, u32>) -> bool {
        if !matches!(
            gap.reason,
            GapReason::UnsupportedFormat | GapReason::Unresolved
        ) {
            return false;
        }
        let number = gap.layer.as_ref().and_then(|layer| numbers.get(layer));
        let file = gap.path.as_deref().and_then(|path| path.split('!').next());
        file.and_then(|file| self.files.get(plain(file)))
            .is_some_and(|(_, since)| number.copied().unwrap_or(1) <= *since)
    }
}

/// Since which layer the packages of a database are there, for those that a lower one brought.
fn since<'a>(file: &File<'a>, numbers: &HashMap<&Digest, u32>) -> HashMap<&'a str, u32> {
    let mut since = HashMap::new();
    for evidence in &file.evidence {
        if let Evidence::Packages { packages, .. } = evidence {
            for package in packages {
                let number = file
                    .since
                    .get(&key_of(package))
                    .and_then(|layer| numbers.get(layer));
                if let Some(number) = number {
                    since.insert(package.name.as_str(), *number);
                }
            }
        }
    }
    since
}

/// Folders that merged systems reach by either name.
fn plain(path: &str) -> &str {
    match path.strip_prefix("usr/") {
        Some(rest)
            if ["bin/", "sbin/", "lib/", "lib64/"]
                .iter()
                .any(|folder| rest.starts_with(folder)) =>
        {
            rest
        }
        _ => path,
    }
}

pub(super) fn is_system(kind: PackageKind) -> bool {
    use PackageKind::{Apk, Deb, Rpm, WindowsProgram};
    matches!(kind, Deb | Apk | Rpm | WindowsProgram)
}

/// Debian's policy keeps these folders for its own packages. Its pip installs below `usr/local`.
fn belongs_to_debian(package: &Package) -> bool {
    match package.kind {
        PackageKind::Pypi => package.path.starts_with("usr/lib/python3/dist-packages/"),
        PackageKind::Npm => package.path.starts_with("usr/share/nodejs/"),
        _ => false,
    }
}
