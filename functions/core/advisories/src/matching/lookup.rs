//! What is to be looked up: names by shard, each once, with the packages that it stands for.

use std::{borrow::Cow, collections::BTreeMap};

use schemas::inventory::Package;

/// An installed package under the name and version that advisories speak of.
#[derive(Clone, Debug)]
pub(super) struct Installed<'a> {
    pub(super) package: &'a Package,
    /// The version to compare: the source package's where advisories speak of it.
    pub(super) version: Cow<'a, str>,
    /// The source package, where rows that bear its name count when there are none by the package's own.
    pub(super) source: Option<(&'a str, Cow<'a, str>)>,
}

/// Names by shard.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    /// Whether the place shows that it gets what only subscribers get.
    pub(super) subscribed: bool,
    pub(super) shards: BTreeMap<String, BTreeMap<Cow<'a, str>, Vec<Installed<'a>>>>,
}

impl<'a> Wanted<'a> {
    pub(super) fn add(
        &mut self,
        key: &str,
        name: Cow<'a, str>,
        package: &'a Package,
        version: &'a str,
    ) {
        let installed = Installed {
            package,
            version: version.into(),
            source: None,
        };
        self.put(key, name, Some(installed));
    }

    /// Adds a package under its own name, and under that of its source for what is not said of its own.
    pub(super) fn add_both(
        &mut self,
        key: &str,
        package: &'a Package,
        source: &'a str,
        source_version: &'a str,
    ) {
        // The name of a source rpm has no epoch; its packages have the source's, as a rule.
        let source_version = match package.version.split_once(':') {
            Some((epoch, _)) if !source_version.contains(':') => {
                Cow::Owned(format!("{epoch}:{source_version}"))
            }
            _ => Cow::Borrowed(source_version),
        };
        let installed = Installed {
            package,
            version: package.version.as_str().into(),
            source: Some((source, source_version)),
        };
        self.put(key, package.name.as_str().into(), Some(installed));
        // Asked for by name, so that a change of the source's rows is told to the place.
        self.put(key, source.into(), None);
    }

    fn put(&mut self, key: &str, name: Cow<'a, str>, installed: Option<Installed<'a>>) {
        if !self.shards.contains_key(key) {
            self.shards.insert(key.to_owned(), BTreeMap::new());
        }
        if let Some(names) = self.shards.get_mut(key) {
            names.entry(name).or_default().extend(installed);
        }
    }
}
