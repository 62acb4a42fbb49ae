//! Which of a distribution's packages its advisories speak of. What a package that they do not speak of brought is judged
//! by nobody else.

use std::collections::HashSet;

use schemas::inventory::{Inventory, PackageKind};

use super::lookup::Wanted;
use crate::shards::{ShardError, ShardSet};

/// The packages of the distribution that its advisories speak of.
pub(super) enum Speaks<'a> {
    /// None: the distribution is not known, or its advisories are not loaded.
    OfNone,
    /// Whatever it publishes, as trackers do that list what is open as well.
    OfAll,
    /// These. Alpine and its kin list only what was fixed, by origin: of an origin without any row, or one that
    /// somebody else published, they say nothing.
    Of(HashSet<&'a str>),
}

impl<'a> Speaks<'a> {
    /// `wanted` holds the distribution's packages, and nothing else yet.
    ///
    /// # Errors
    /// [`ShardError`] when the distribution's shard cannot be read.
    pub(super) fn read(
        inventory: &'a Inventory,
        wanted: &Wanted<'a>,
        shards: &ShardSet,
    ) -> Result<Self, ShardError> {
        let owners: HashSet<&str> = inventory
            .packages
            .iter()
            .filter_map(|package| package.owned_by.as_deref())
            .collect();
        if owners.is_empty() {
            return Ok(Self::OfNone);
        }
        let mut spoken = HashSet::new();
        for (key, names) in &wanted.shards {
            let Some(shard) = shards.shard(key)? else {
                continue;
            };
            for (name, packages) in names {
                let mut owning = packages
                    .iter()
                    .map(|installed| installed.package)
                    .filter(|package| owners.contains(package.name.as_str()))
                    .peekable();
                let Some(first) = owning.peek() else { continue };
                if first.kind != PackageKind::Apk {
                    return Ok(Self::OfAll);
                }
                if !shard.lookup(name)?.is_empty() {
                    spoken.extend(owning.map(|package| package.name.as_str()));
                }
            }
            // An owner may be known by where its files lie alone, such as all of dpkg.
            if !names
                .values()
                .flatten()
                .any(|installed| installed.package.kind == PackageKind::Apk)
            {
                return Ok(Self::OfAll);
            }
        }
        Ok(match spoken.is_empty() {
            true => Self::OfNone,
            false => Self::Of(spoken),
        })
    }

    /// Whether they speak of a package.
    pub(super) fn of(&self, package: &str) -> bool {
        match self {
            Self::OfNone => false,
            Self::OfAll => true,
            Self::Of(packages) => packages.contains(package),
        }
    }
}
