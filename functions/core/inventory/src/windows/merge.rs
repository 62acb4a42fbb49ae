//! Hives of layers, laid over one another.

use std::collections::BTreeMap;

use schemas::{
    Digest,
    inventory::{HiveForm, HiveKey},
};

use super::LayerHive;

/// The registry as the uppermost layer sees it.
#[derive(Debug, Default)]
pub(super) struct Merged {
    keys: BTreeMap<String, MergedKey>,
    /// Whether a whole hive is at the bottom.
    pub(super) has_base: bool,
    /// Whether there was any hive.
    pub(super) has_any: bool,
}

/// A key and the layer that last changed it.
#[derive(Debug)]
pub(super) struct MergedKey {
    /// Path as the layer that made it spells it.
    pub(super) path: String,
    /// The layer that made it or last changed one of its values.
    pub(super) layer: Digest,
    values: BTreeMap<String, String>,
}

impl MergedKey {
    /// A value that is not empty.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let value = self.values.get(&name.to_lowercase())?.trim();
        (!value.is_empty()).then_some(value)
    }
}

impl Merged {
    /// Lowest layer first. Of one layer its whole hive comes before its difference, whatever their order, and of two
    /// whole ones (`SOFTWARE` and the `Software_Base` that a runtime links to it) only the first counts.
    pub(super) fn of(hives: &[LayerHive<'_>]) -> Self {
        let mut merged = Self::default();
        let mut rest = hives;
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|hive| hive.layer == first.layer);
            let (of_layer, above) = rest.split_at(same.count());
            rest = above;
            if let Some(base) = of_layer.iter().find(|hive| hive.form == HiveForm::Base) {
                merged.keys.clear();
                merged.has_base = true;
                merged.lay(base.keys, base.layer);
            }
            for delta in of_layer.iter().filter(|hive| hive.form == HiveForm::Delta) {
                merged.lay(delta.keys, delta.layer);
            }
        }
        merged.has_any = !hives.is_empty();
        merged
    }

    fn lay(&mut self, keys: &[HiveKey], layer: &Digest) {
        for key in keys {
            let id = key.path.to_lowercase();
            if key.deleted {
                self.remove(&id);
                if key.values.is_empty() {
                    continue;
                }
            }
            let mut is_new = false;
            let entry = self.keys.entry(id).or_insert_with(|| {
                is_new = true;
                MergedKey {
                    path: key.path.clone(),
                    layer: layer.clone(),
                    values: BTreeMap::new(),
                }
            });
            let mut changed = is_new;
            for value in &key.values {
                let name = value.name.to_lowercase();
                changed |= match &value.data {
                    Some(data) => entry.values.insert(name, data.clone()).as_ref() != Some(data),
                    None => entry.values.remove(&name).is_some(),
                };
            }
            if changed {
                entry.layer = layer.clone();
            }
        }
    }

    /// Removes a key and all below it.
    fn remove(&mut self, id: &str) {
        self.keys.remove(id);
        let below = format!("{id}\\");
        let gone: Vec<String> = self
            .keys
            .range(below.clone()..)
            .take_while(|(path, _)| path.starts_with(&below))
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.keys.remove(&path);
        }
    }

    /// One key.
    pub(super) fn key(&self, path: &str) -> Option<&MergedKey> {
        self.keys.get(&path.to_lowercase())
    }

    /// The keys below this one, with their own names.
    pub(super) fn below(&self, path: &str) -> impl Iterator<Item = (&str, &MergedKey)> {
        let start = format!("{}\\", path.to_lowercase());
        let length = start.len();
        self.keys
            .range(start.clone()..)
            .take_while(move |(id, _)| id.starts_with(&start))
            .map(move |(_, key)| (key.path.get(length..).unwrap_or_default(), key))
    }
}
