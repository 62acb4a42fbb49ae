//! The machine that this program runs on, or its root mounted somewhere.

use std::path::{Path, PathBuf};

use schemas::inventory::{Inventory, Target};

use crate::{
    folder::{FolderError, read_tree},
    limits::Limits,
    walk::LeftOut,
};

/// Where engines keep images and containers by default: their content is not the host's.
const ENGINES: &[&str] = &[
    "var/lib/docker",
    "var/lib/containerd",
    "var/lib/containers",
    "var/lib/kubelet",
    "var/lib/rancher/k3s/agent/containerd",
    "var/lib/lxc",
    "var/lib/lxd",
    "var/snap",
    "ProgramData/docker",
    "ProgramData/containerd",
];

/// Packages, operating system and coverage of the host whose root is mounted at `root` (`/`, or a folder such as `/host`
/// in a container). `skip` names further folders that belong to containers, such as an engine's own data folder.
///
/// Facts of the host beside these (`Inventory::host`) are the caller's to add.
///
/// # Errors
/// `Open` when the root may not be opened.
pub fn read_host(
    root: &Path,
    target: Target,
    skip: &[PathBuf],
    limits: &Limits,
) -> Result<Inventory, FolderError> {
    // The walk goes by real names.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let top = real(root);
    let left_out = LeftOut {
        folders: ENGINES
            .iter()
            .map(|folder| top.join(folder))
            .chain(skip.iter().map(|folder| real(folder)))
            .collect(),
        engines: true,
    };
    #[cfg(windows)]
    {
        let mut inventory = read_tree(root, target, left_out, limits)?;
        live_windows(&mut inventory, limits);
        Ok(inventory)
    }
    #[cfg(not(windows))]
    read_tree(root, target, left_out, limits)
}

/// The running Windows answers for itself: its hive is locked, and its registry is newer than the file.
#[cfg(windows)]
fn live_windows(inventory: &mut Inventory, limits: &Limits) {
    use schemas::inventory::{CoverageStatus, GapReason, PackageKind};

    let facts = crate::windows::live::read(limits);
    if facts.os.is_none() {
        inventory.coverage.gaps.extend(facts.gaps);
        return;
    }
    inventory
        .packages
        .retain(|package| package.kind != PackageKind::WindowsProgram);
    inventory.packages.extend(facts.packages);
    inventory.packages.sort();
    inventory.os = facts.os;
    let gaps = &mut inventory.coverage.gaps;
    gaps.retain(|gap| {
        gap.reason != GapReason::UnknownOs
            && !gap
                .path
                .as_ref()
                .is_some_and(|path| path.eq_ignore_ascii_case("Windows/System32/config/SOFTWARE"))
    });
    gaps.extend(facts.gaps);
    gaps.sort();
    gaps.dedup();
    inventory.coverage.status = if gaps.is_empty() {
        CoverageStatus::Complete
    } else {
        CoverageStatus::Partial
    };
}
