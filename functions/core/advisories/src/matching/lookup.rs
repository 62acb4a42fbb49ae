//! What is to be looked up: names by shard, each once, with the packages that it stands for.

use std::{borrow::Cow, collections::BTreeMap};

use schemas::inventory::Package;

/// An installed package under the name and version that advisories speak of.
#[derive(Clone, Debug)]
pub(super) struct Installed<'a> {
    pub(super) package: &'a Package,
    /// The version to compare: the source package's where advisories speak of it.
    pub(super) version: &'a str,
}

/// Names by shard.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
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
        if !self.shards.contains_key(key) {
            self.shards.insert(key.to_owned(), BTreeMap::new());
        }
        if let Some(names) = self.shards.get_mut(key) {
            let installed = Installed { package, version };
            names.entry(name).or_default().push(installed);
        }
    }
}
