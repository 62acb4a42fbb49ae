//! `pnpm-lock.yaml`, versions 5 to 9. Source: pnpm's specification of the lockfile (github.com/pnpm/spec).

use std::collections::{HashMap, HashSet};

use schemas::inventory::PackageKind;
use serde::Deserialize;

use super::{
    Format, Listing, cut, development_if,
    loose::{Flag, Map, Text},
    yaml,
};
use crate::analyzers::AnalyzerError;

pub(super) static PNPM: Format = Format {
    name: "pnpm-lock",
    kind: PackageKind::Npm,
    wants: |name| name == "pnpm-lock.yaml",
    parse,
};

#[derive(Default, Deserialize)]
struct Lock {
    /// Of the application's parts, by folder.
    #[serde(default)]
    importers: Map<Importer>,
    #[serde(default)]
    packages: Map<Entry>,
    /// Since version 9: what each package of `packages` depends on, once for each set of peers.
    #[serde(default)]
    snapshots: Map<Snapshot>,
}

#[derive(Default, Deserialize)]
struct Importer {
    #[serde(default)]
    dependencies: Map<Direct>,
    #[serde(default, rename = "optionalDependencies")]
    optional: Map<Direct>,
}

#[derive(Default, Deserialize)]
struct Direct {
    #[serde(default)]
    version: Text,
}

#[derive(Default, Deserialize)]
struct Entry {
    /// Only where the key does not say it: packages from elsewhere than the registry.
    #[serde(default)]
    name: Text,
    #[serde(default)]
    version: Text,
    #[serde(default)]
    dev: Flag,
}

#[derive(Default, Deserialize)]
struct Snapshot {
    #[serde(default)]
    dependencies: Map<Text>,
    #[serde(default, rename = "optionalDependencies")]
    optional: Map<Text>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = yaml(bytes, "pnpm-lock.yaml")?;
    // `dev` says it up to version 6; later it follows from who depends on whom.
    let needed = (!lock.snapshots.0.is_empty()).then(|| needed(&lock));
    for (key, entry) in &lock.packages.0 {
        let Some((name, version)) = name_and_version(key, entry) else {
            if !key.starts_with("file:") && !key.starts_with("link:") {
                listing.unresolved(format!("`{}` names no version", cut(key)));
            }
            continue;
        };
        let development = match &needed {
            Some(needed) => !needed.contains(without_peers(key)),
            None => entry.dev.0,
        };
        listing.add(name, version, development_if(development));
    }
    Ok(())
}

/// `/lodash/4.17.4`, `/@babel/core/7.1.0_peer@1`, `/lodash@4.17.4`, `lodash@4.17.4(peer@1)`.
fn name_and_version<'a>(key: &'a str, entry: &'a Entry) -> Option<(&'a str, &'a str)> {
    if let (Some(name), Some(version)) = (entry.name.get(), entry.version.get()) {
        return Some((name, version));
    }
    let key = without_peers(key);
    let key = key.strip_prefix('/').unwrap_or(key);
    let is_version = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let from = usize::from(key.starts_with('@'));
    let at = key.get(from..)?.find('@').map(|at| at + from);
    if let Some(at) = at {
        let (name, version) = (key.get(..at)?, key.get(at + 1..)?);
        let is_name = name.matches('/').count() <= from;
        if is_name && is_version(version) {
            return Some((name, version));
        }
        if is_name {
            return entry.version.get().map(|version| (name, version));
        }
    }
    // Version 5 puts a slash between them, and peers behind an underscore.
    let plain = key.split_once('_').map_or(key, |(plain, _)| plain);
    let (name, version) = plain.rsplit_once('/')?;
    let is_name = name.matches('/').count() <= from;
    (is_name && is_version(version)).then_some((name, version))
}

fn without_peers(key: &str) -> &str {
    key.split_once('(').map_or(key, |(key, _)| key)
}

/// The keys, without peers, of what the application needs for more than development.
fn needed(lock: &Lock) -> HashSet<&str> {
    let mut by_key: HashMap<&str, Vec<&Snapshot>> = HashMap::new();
    for (key, snapshot) in &lock.snapshots.0 {
        by_key.entry(without_peers(key)).or_default().push(snapshot);
    }
    let mut needed = HashSet::new();
    let mut next: Vec<&str> = Vec::new();
    let find = |name: &str, version: &str| -> Option<&str> {
        let version = without_peers(version);
        // An alias names the other package in its version.
        let key = format!("{name}@{version}");
        let found = by_key.get_key_value(key.as_str());
        found
            .or_else(|| by_key.get_key_value(version))
            .map(|(key, _)| *key)
    };
    for (_, importer) in &lock.importers.0 {
        for (name, direct) in importer.dependencies.0.iter().chain(&importer.optional.0) {
            next.extend(direct.version.get().and_then(|version| find(name, version)));
        }
    }
    while let Some(key) = next.pop() {
        if !needed.insert(key) {
            continue;
        }
        for snapshot in by_key.get(key).into_iter().flatten() {
            for (name, version) in snapshot.dependencies.0.iter().chain(&snapshot.optional.0) {
                next.extend(version.get().and_then(|version| find(name, version)));
            }
        }
    }
    needed
}
