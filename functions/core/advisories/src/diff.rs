//! What changed between two generations, so that only the places concerned are matched again.

use std::{cmp::Ordering, collections::BTreeSet};

use crate::shards::{ShardError, ShardSet};

/// A shard whose rows changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardChange {
    /// The shard's key, such as `debian:12`, or `intel`.
    pub shard: String,
    /// The packages, products or vulnerabilities whose rows changed, in bytewise order: all of them when the shard is
    /// new or gone.
    pub names: Vec<String>,
}

/// Compares two generations by their bytes: a name is changed when its block of rows is not the same.
///
/// # Errors
/// [`ShardError`] when a shard cannot be read.
pub fn diff(old: &ShardSet, new: &ShardSet) -> Result<Vec<ShardChange>, ShardError> {
    let keys: BTreeSet<&str> = [old, new]
        .into_iter()
        .flat_map(|set| &set.manifest().shards)
        .map(|info| info.key.as_str())
        .collect();
    let mut changes = Vec::new();
    for key in keys {
        let digest = |set: &ShardSet| set.manifest().shard(key).map(|info| info.sha256.clone());
        if digest(old) == digest(new) {
            continue;
        }
        let names = changed_names(old, new, key)?;
        if !names.is_empty() {
            changes.push(ShardChange {
                shard: key.to_owned(),
                names,
            });
        }
    }
    Ok(changes)
}

fn changed_names(old: &ShardSet, new: &ShardSet, key: &str) -> Result<Vec<String>, ShardError> {
    let (old, new) = (old.shard(key)?, new.shard(key)?);
    let mut before = old.iter().flat_map(|shard| shard.blocks());
    let mut after = new.iter().flat_map(|shard| shard.blocks());
    let (mut left, mut right) = (before.next().transpose()?, after.next().transpose()?);
    let mut names = Vec::new();
    loop {
        let order = match (&left, &right) {
            (None, None) => return Ok(names),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.name.cmp(right.name),
        };
        let changed = match order {
            Ordering::Equal => left.map(|l| l.bytes) != right.map(|r| r.bytes),
            _ => true,
        };
        let name = if order.is_le() { left } else { right };
        if changed && let Some(block) = name {
            names.push(block.name.to_owned());
        }
        if order.is_le() {
            left = before.next().transpose()?;
        }
        if order.is_ge() {
            right = after.next().transpose()?;
        }
    }
}
