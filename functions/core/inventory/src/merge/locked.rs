//! Lock files beside what is installed: the same package is listed once, as installed. What a lock file calls needed for
//! development only is left out nowhere that it is installed: there it can be run.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use schemas::inventory::{Evidence, Package, PackageKind, PackageOrigin};

use super::Pile;
use crate::{
    analyzers::lock::{GO_MOD_UNPRUNED, GO_SUM},
    path::split,
    purls,
};

type Key<'a> = (PackageKind, Cow<'a, str>, &'a str);

/// What lock files and installed packages say of one another.
pub(super) struct Locked<'a> {
    /// Paths of installed packages, sorted, by package.
    installed: HashMap<Key<'a>, Vec<&'a str>>,
    /// Modules that a `go.mod` before Go 1.17 names, by folder.
    unpruned: HashMap<&'a str, HashSet<&'a str>>,
}

impl<'a> Locked<'a> {
    pub(super) fn of(pile: &Pile<'a>) -> Self {
        let mut this = Self {
            installed: HashMap::new(),
            unpruned: HashMap::new(),
        };
        let mut locked = HashSet::new();
        let lists = || {
            pile.evidence().filter_map(|evidence| match evidence {
                Evidence::Packages {
                    path,
                    analyzer,
                    packages,
                } => Some((path.as_str(), analyzer.as_str(), packages)),
                _ => None,
            })
        };
        for (path, analyzer, packages) in lists() {
            if analyzer == GO_MOD_UNPRUNED {
                let names = packages.iter().map(|package| package.name.as_str());
                this.unpruned.insert(split(path).0, names.collect());
            }
            let of_file = packages.iter().filter(|package| is_locked(package));
            locked.extend(of_file.map(key_of));
        }
        if !locked.is_empty() {
            for package in lists().flat_map(|(_, _, packages)| packages) {
                let key = key_of(package);
                if !is_locked(package) && locked.contains(&key) {
                    this.installed.entry(key).or_default().push(&package.path);
                }
            }
            for paths in this.installed.values_mut() {
                paths.sort_unstable();
            }
        }
        this
    }

    /// Whether a package that `analyzer` found is listed, and how it is known.
    pub(super) fn judge(&self, package: &Package, analyzer: &str) -> Option<PackageOrigin> {
        if analyzer == GO_SUM {
            // It adds to a `go.mod` that does not say all itself.
            let named = self.unpruned.get(split(&package.path).0)?;
            return (!named.contains(package.name.as_str())).then_some(package.origin);
        }
        if !is_locked(package) {
            return Some(package.origin);
        }
        let there = self
            .installed
            .get(&key_of(package))
            .is_some_and(|paths| any_below(paths, split(&package.path).0));
        (!there).then_some(package.origin)
    }
}

fn is_locked(package: &Package) -> bool {
    matches!(
        package.origin,
        PackageOrigin::Locked | PackageOrigin::Development
    )
}

fn key_of(package: &Package) -> Key<'_> {
    let name = match purls::type_of(package.kind) {
        Some(kind) => purl::compared_name(kind, &package.name),
        None => Cow::Borrowed(package.name.as_str()),
    };
    (package.kind, name, &package.version)
}

/// Whether one of these sorted paths lies below a folder; the root's name is empty.
fn any_below(paths: &[&str], folder: &str) -> bool {
    if folder.is_empty() {
        return !paths.is_empty();
    }
    let first = format!("{folder}/");
    let at = paths.partition_point(|path| *path < first.as_str());
    paths.get(at).is_some_and(|path| path.starts_with(&first))
}
