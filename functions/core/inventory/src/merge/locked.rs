//! Lock files beside what is installed: the same package is listed once, and what is there for development only is
//! known to be.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use schemas::inventory::{Evidence, Package, PackageKind, PackageOrigin};

use super::Pile;
use crate::{
    analyzers::lock::{GO_MOD_UNPRUNED, GO_SUM},
    path::split,
};

type Key<'a> = (PackageKind, Cow<'a, str>, &'a str);

/// What lock files and installed packages say of one another.
pub(super) struct Locked<'a> {
    /// Paths of installed packages, sorted, by package.
    installed: HashMap<Key<'a>, Vec<&'a str>>,
    /// Folders of lock files that name the package, and whether for development only.
    locked: HashMap<Key<'a>, HashMap<&'a str, bool>>,
    /// Modules that a `go.mod` before Go 1.17 names, by folder.
    unpruned: HashMap<&'a str, HashSet<&'a str>>,
    any: bool,
}

impl<'a> Locked<'a> {
    pub(super) fn of(pile: &Pile<'a>) -> Self {
        let mut this = Self {
            installed: HashMap::new(),
            locked: HashMap::new(),
            unpruned: HashMap::new(),
            any: false,
        };
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
            for package in packages.iter().filter(|package| is_locked(package)) {
                this.any = true;
                let development = package.origin == PackageOrigin::Development;
                let folders = this.locked.entry(key_of(package)).or_default();
                let known = folders.entry(split(path).0).or_insert(development);
                *known &= development;
            }
        }
        if this.any {
            for package in lists().flat_map(|(_, _, packages)| packages) {
                let key = key_of(package);
                if !is_locked(package) && this.locked.contains_key(&key) {
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
        if !self.any {
            return Some(package.origin);
        }
        let key = key_of(package);
        if is_locked(package) {
            let there = self
                .installed
                .get(&key)
                .is_some_and(|paths| any_below(paths, split(&package.path).0));
            return (!there).then_some(package.origin);
        }
        let Some(folders) = self.locked.get(&key) else {
            return Some(package.origin);
        };
        // The nearest lock file above says what it is there for.
        let mut folder = split(&package.path).0;
        loop {
            if let Some(development) = folders.get(folder) {
                return Some(match development {
                    true => PackageOrigin::Development,
                    false => package.origin,
                });
            }
            if folder.is_empty() {
                return Some(package.origin);
            }
            folder = split(folder).0;
        }
    }
}

fn is_locked(package: &Package) -> bool {
    match package.origin {
        PackageOrigin::Locked => true,
        // Composer's record of what is installed tells development too.
        PackageOrigin::Development => !package.path.ends_with("/installed.json"),
        PackageOrigin::Installed | PackageOrigin::Unknown => false,
    }
}

fn key_of(package: &Package) -> Key<'_> {
    let name = match package.kind {
        PackageKind::Pypi => package.name.to_lowercase().replace(['_', '.'], "-").into(),
        PackageKind::Nuget | PackageKind::Composer => package.name.to_lowercase().into(),
        _ => Cow::Borrowed(package.name.as_str()),
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
