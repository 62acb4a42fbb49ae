//! Which updates a system has, told by its list of updates, its revision and the chain in which updates replace others.

use std::collections::{HashMap, HashSet};

use schemas::inventory::{UpdateState, WindowsOs};

use super::{FixedBuild, UPDATE_HISTORY};
use crate::row::StoredRow;

/// The updates of one servicing line.
pub(super) struct Chain<'r> {
    /// Revision that an update brings. Of several, the lowest: a system of that revision has the update.
    revisions: HashMap<&'r str, u32>,
    /// What an update replaces.
    replaces: HashMap<&'r str, Vec<&'r str>>,
    /// Updates that the system has, by being installed, by its revision, or because one of those replaces them.
    present: HashSet<&'r str>,
    /// Revisions and updates of the hotpatch line.
    hotpatch_revisions: HashSet<u32>,
    hotpatch_kbs: HashSet<&'r str>,
    ordinary_revisions: HashSet<u32>,
}

/// What the chain says of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// The system has it or one that replaces it.
    Present,
    /// The system is older: the update, or one that it replaces, brings this later revision.
    Missing {
        /// The revision.
        revision: u32,
        /// The update whose revision is known.
        by: String,
    },
    /// Nothing is known.
    Unknown,
}

impl<'r> Chain<'r> {
    /// Reads the history and the rows of a product.
    pub(super) fn of(windows: &'r WindowsOs, rows: &'r [StoredRow<'r>]) -> Self {
        let mut chain = Self {
            revisions: HashMap::new(),
            replaces: HashMap::new(),
            present: HashSet::new(),
            hotpatch_revisions: HashSet::new(),
            hotpatch_kbs: HashSet::new(),
            ordinary_revisions: HashSet::new(),
        };
        for stored in rows {
            let Some(row) = &stored.row.windows else {
                continue;
            };
            let Some(kb) = row.kb else { continue };
            let revision = match FixedBuild::parse(row.fixed_build) {
                FixedBuild::Build { build, revision } if build == windows.build => Some(revision),
                _ => None,
            };
            if row.hotpatch {
                chain.hotpatch_kbs.insert(kb);
                chain.hotpatch_revisions.extend(revision);
                continue;
            }
            // The .NET Framework's updates have versions of their own.
            let of_system =
                stored.row.package == UPDATE_HISTORY || row.product_id == stored.row.package;
            if let (Some(revision), true) = (revision, of_system) {
                chain.ordinary_revisions.insert(revision);
                let entry = chain.revisions.entry(kb).or_insert(revision);
                *entry = (*entry).min(revision);
            }
            let replaced = chain.replaces.entry(kb).or_default();
            for older in &row.supersedes {
                if !replaced.contains(older) && *older != kb {
                    replaced.push(older);
                }
            }
        }
        let installed = windows
            .updates
            .iter()
            .filter(|update| update.state == UpdateState::Installed)
            .map(|update| update.kb.as_str());
        let by_revision = chain
            .revisions
            .iter()
            .filter(|(_, revision)| windows.ubr.is_some_and(|ubr| **revision <= ubr))
            .map(|(kb, _)| *kb);
        let mut waiting: Vec<&'r str> = installed.chain(by_revision).collect();
        while let Some(kb) = waiting.pop() {
            if chain.present.insert(kb) {
                waiting.extend(chain.replaces.get(kb).into_iter().flatten());
            }
        }
        chain
    }

    /// Whether the system has this update.
    pub(super) fn presence(&self, kb: &str, windows: &WindowsOs) -> Presence {
        if self.present.contains(kb) {
            return Presence::Present;
        }
        let Some(ubr) = windows.ubr else {
            return Presence::Unknown;
        };
        // Whatever replaces a later revision than the system's brings at least that revision.
        let mut seen = HashSet::new();
        let mut waiting = vec![kb];
        let mut missing: Option<(u32, &str)> = None;
        while let Some(kb) = waiting.pop() {
            if !seen.insert(kb) {
                continue;
            }
            if let Some(&revision) = self.revisions.get(kb).filter(|revision| **revision > ubr) {
                missing = missing.max(Some((revision, kb)));
                continue;
            }
            waiting.extend(self.replaces.get(kb).into_iter().flatten());
        }
        match missing {
            Some((revision, by)) => Presence::Missing {
                revision,
                by: by.to_owned(),
            },
            None => Presence::Unknown,
        }
    }

    /// Whether a host shows that it takes hotpatches: an installed hotpatch, a revision that only a hotpatch has, or
    /// the edition made for them (Datacenter: Azure Edition, `ServerTurbine`).
    pub(super) fn is_hotpatched(&self, windows: &WindowsOs) -> bool {
        let installed = windows.updates.iter().any(|update| {
            update.state == UpdateState::Installed && self.hotpatch_kbs.contains(update.kb.as_str())
        });
        let by_revision = windows.ubr.is_some_and(|ubr| {
            self.hotpatch_revisions.contains(&ubr) && !self.ordinary_revisions.contains(&ubr)
        });
        let edition = windows.edition.as_deref().unwrap_or_default();
        let name = windows.product_name.as_deref().unwrap_or_default();
        let by_edition = edition.starts_with("ServerTurbine") || name.contains("Azure Edition");
        installed || by_revision || by_edition
    }
}
