//! A folder that holds a file system or part of one: `dir:PATH`.

use std::{
    io,
    path::{Path, PathBuf},
};

use schemas::inventory::{Inventory, Target, TargetKind};

use crate::{
    confine::Root,
    limits::Limits,
    merge::{Parts, Pile},
    mounts,
    walk::{LeftOut, walk},
    windows::merge_hives,
};

/// Why a folder or host could not be read at all. What is wrong with single files becomes gaps instead.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder could not be opened.
    #[error("opening the folder {} failed", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// What a folder contains. Links are resolved as if the folder were `/`, and nothing outside of it is read; other file
/// systems mounted below it that are virtual, remote or overlays are left out.
///
/// # Errors
/// `Open` when the folder is not there, is none, or may not be opened.
pub fn read_folder(root: &Path, limits: &Limits) -> Result<Inventory, FolderError> {
    let target = Target {
        kind: TargetKind::Folder,
        name: root.display().to_string(),
        id: None,
    };
    read_tree(root, target, LeftOut::default(), limits)
}

/// As [`read_folder`], without what is left out beside.
pub(crate) fn read_tree(
    root: &Path,
    target: Target,
    mut left_out: LeftOut,
    limits: &Limits,
) -> Result<Inventory, FolderError> {
    let root = Root::new(root).map_err(|source| FolderError::Open {
        path: root.to_owned(),
        source,
    })?;
    left_out.folders.extend(mounts::to_skip(root.path()));
    let found = walk(&root, &left_out, limits);
    let mut pile = Pile::new(false);
    pile.lay(&found);
    let hives = pile.hives();
    let mut parts = Parts {
        gaps: found.gaps.clone(),
        application: target.kind == TargetKind::Folder
            && !pile.is_empty()
            && !is_system(root.path()),
        ..Parts::default()
    };
    if !hives.is_empty() {
        let facts = merge_hives(&hives, None);
        parts.os = facts.os;
        parts.packages = facts.packages;
        parts.gaps.extend(facts.gaps);
    }
    let mut parts = pile.into_parts(parts, None);
    // There are no layers here; the walk stood in for one.
    for package in &mut parts.packages {
        package.layer = None;
    }
    Ok(parts.inventory(target))
}

/// Folders and files that only an operating system has at its root.
const OF_SYSTEMS: &[&str] = &[
    "etc/passwd",
    "usr/bin",
    "usr/lib",
    "var/lib",
    "bin/sh",
    "Windows/System32",
    "Files/Windows",
    "Hives",
];

/// Whether a folder holds an operating system or a part of one, known or not, and no mere application.
fn is_system(root: &Path) -> bool {
    OF_SYSTEMS
        .iter()
        .any(|path| root.join(path).symlink_metadata().is_ok())
}
