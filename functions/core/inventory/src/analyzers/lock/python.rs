//! Python's lock files in TOML: `poetry.lock`, `uv.lock`, `pdm.lock`, `pylock.toml`. Sources: the documentation of each
//! tool; PEP 751 for `pylock.toml`.

use std::collections::{HashMap, HashSet};

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing, cut, development_if,
    loose::{List, Map, Text},
    toml,
};
use crate::analyzers::AnalyzerError;

const fn format(
    name: &'static str,
    wants: fn(&str) -> bool,
    parse: fn(&[u8], &mut Listing<'_>) -> Result<(), AnalyzerError>,
) -> Format {
    Format {
        name,
        kind: PackageKind::Pypi,
        wants,
        parse,
    }
}

pub(super) static POETRY: Format = format(
    "poetry-lock",
    |name| name == "poetry.lock",
    |bytes, listing| by_groups(bytes, "poetry.lock", "main", listing),
);
pub(super) static PDM: Format = format(
    "pdm-lock",
    |name| name == "pdm.lock",
    |bytes, listing| by_groups(bytes, "pdm.lock", "default", listing),
);
pub(super) static UV: Format = format("uv-lock", |name| name == "uv.lock", uv);
pub(super) static PYLOCK: Format = format(
    "pylock",
    |name| name == "pylock.toml" || (name.starts_with("pylock.") && name.ends_with(".toml")),
    pylock,
);

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: List<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    name: Text,
    version: Text,
    /// poetry before 1.5.
    category: Text,
    /// poetry since 2.0, and pdm.
    groups: List<Text>,
    source: Map<Text>,
    dependencies: List<Dependency>,
    #[serde(rename = "optional-dependencies")]
    optional: Map<List<Dependency>>,
    /// uv's groups, which all bear this name.
    #[serde(rename = "dev-dependencies")]
    uv_groups: Map<List<Dependency>>,
}

/// uv's dependencies are tables, pdm's are texts that nobody needs here.
#[derive(Default)]
struct Dependency {
    name: Option<String>,
    version: Option<String>,
}

impl<'de> Deserialize<'de> for Dependency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::<Text>::deserialize(deserializer)?.0;
        let mut dependency = Self::default();
        for (key, value) in fields {
            match key.as_str() {
                "name" => dependency.name = value.0,
                "version" => dependency.version = value.0,
                _ => {}
            }
        }
        Ok(dependency)
    }
}

/// Groups that by their names are for development. Others may be what production installs: groups are there for that
/// too, and pdm does not even tell them from extras.
pub(super) fn is_for_development(group: &str) -> bool {
    matches!(
        group,
        "dev"
            | "develop"
            | "development"
            | "test"
            | "tests"
            | "testing"
            | "lint"
            | "linting"
            | "doc"
            | "docs"
            | "typing"
            | "types"
            | "ci"
    )
}

fn by_groups(
    bytes: &[u8],
    what: &str,
    main: &str,
    listing: &mut Listing<'_>,
) -> Result<(), AnalyzerError> {
    let lock: Lock = toml(bytes, what)?;
    for entry in &lock.package.0 {
        let groups = &entry.groups.0;
        let by_groups = !groups.is_empty()
            && groups
                .iter()
                .filter_map(Text::get)
                .all(|group| group != main && is_for_development(group));
        let by_category = entry.category.get().is_some_and(is_for_development);
        package(entry, development_if(by_groups || by_category), listing);
    }
    Ok(())
}

fn package(entry: &Entry, origin: PackageOrigin, listing: &mut Listing<'_>) {
    match (entry.name.get(), entry.version.get()) {
        (Some(name), Some(version)) => listing.add(name, version, origin),
        (Some(name), None) => {
            listing.unresolved(format!("`{}` is named without a version", cut(name)));
        }
        _ => listing.broken("a package without a name was skipped"),
    }
}

fn uv(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = toml(bytes, "uv.lock")?;
    let entries = &lock.package.0;
    let is_own = |entry: &Entry| {
        entry
            .source
            .keys()
            .any(|key| matches!(key, "virtual" | "editable" | "directory"))
    };
    // Each by its name alone and by its name and version.
    let mut by_name: HashMap<(&str, Option<&str>), Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let name = entry.name.get().unwrap_or_default();
        by_name.entry((name, None)).or_default().push(index);
        if let Some(version) = entry.version.get() {
            by_name
                .entry((name, Some(version)))
                .or_default()
                .push(index);
        }
    }
    // What the application's own parts need, extras and groups of other names with it; the rest is in groups for development.
    let mut needed: HashSet<usize> = HashSet::new();
    let mut next: Vec<usize> = (0..entries.len())
        .filter(|index| entries.get(*index).is_some_and(is_own))
        .collect();
    let rooted = !next.is_empty();
    while let Some(index) = next.pop() {
        let Some(entry) = entries.get(index).filter(|_| needed.insert(index)) else {
            continue;
        };
        let groups = entry.uv_groups.0.iter();
        let groups = groups.filter(|(name, _)| !is_for_development(name));
        let extras = entry.optional.0.iter().chain(groups);
        let extras = extras.flat_map(|(_, list)| &list.0);
        for dependency in entry.dependencies.0.iter().chain(extras) {
            let Some(name) = dependency.name.as_deref() else {
                continue;
            };
            // Taken out, so that no list is walked twice.
            let found = by_name.remove(&(name, dependency.version.as_deref()));
            next.extend(found.into_iter().flatten());
        }
    }
    for (index, entry) in entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !is_own(entry))
    {
        let development = rooted && !needed.contains(&index);
        package(entry, development_if(development), listing);
    }
    Ok(())
}

#[derive(Deserialize)]
struct PyLock {
    #[serde(default, rename = "lock-version")]
    version: Text,
    #[serde(default)]
    packages: List<PyEntry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PyEntry {
    name: Text,
    version: Text,
    marker: Text,
    directory: Option<Map<serde::de::IgnoredAny>>,
}

fn pylock(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: PyLock = toml(bytes, "pylock.toml")?;
    if !lock
        .version
        .get()
        .is_some_and(|version| version.starts_with("1."))
    {
        return Err(AnalyzerError::Unsupported(format!(
            "the pylock.toml has version `{}`, and 1 is read",
            cut(lock.version.get().unwrap_or_default())
        )));
    }
    for entry in &lock.packages.0 {
        let (Some(name), version) = (entry.name.get(), entry.version.get()) else {
            listing.broken("a package without a name was skipped");
            continue;
        };
        let development = entry.marker.get().is_some_and(is_marked_for_development);
        match version {
            Some(version) => listing.add(name, version, development_if(development)),
            // A folder of the application itself.
            None if entry.directory.is_some() => {}
            None => listing.unresolved(format!("`{}` is named without a version", cut(name))),
        }
    }
    Ok(())
}

/// Whether a marker holds only where a group for development is asked for: `'dev' in dependency_groups`, each of its
/// alternatives.
fn is_marked_for_development(marker: &str) -> bool {
    marker.split(" or ").all(|alternative| {
        alternative
            .split(" and ")
            .filter_map(|condition| condition.split_once(" in dependency_groups"))
            .any(|(group, _)| {
                let quotes = ['(', ' ', '\'', '"'];
                is_for_development(group.trim_matches(quotes))
            })
    })
}
