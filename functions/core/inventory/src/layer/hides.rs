//! Which paths of a layer could hide evidence of the layers below by being no folder.
//!
//! A layer that has a file or link where a lower one has a folder hides all that the folder held. Remembering every file
//! of a layer would cost memory by the million, so only those are remembered that can stand in the way of evidence: the
//! folders of well-known files, and elsewhere the links and the names without extension outside of folders that hold
//! programs, documents or devices.

use crate::{analyzers::ANALYZERS, tar::Kind};

/// Folders in which nobody installs libraries: their plain files are not remembered.
const PLAIN_FOLDERS: &[&str] = &[
    "bin",
    "sbin",
    "usr/bin",
    "usr/sbin",
    "usr/libexec",
    "usr/share",
    "usr/include",
    "etc",
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "boot",
    "var/cache",
    "var/log",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "lib/x86_64-linux-gnu",
    "lib/modules",
    "lib/firmware",
    "usr/lib/modules",
    "usr/lib/firmware",
];

/// Whether this path, being no folder, could hide evidence of a lower layer.
pub(super) fn could_hide(path: &str, kind: Kind) -> bool {
    if is_above_well_known(path) {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if matches!(name, "node_modules" | "site-packages" | "dist-packages")
        || name.ends_with(".dist-info")
        || name.ends_with(".egg-info")
    {
        return true;
    }
    if PLAIN_FOLDERS.iter().any(|folder| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }) {
        return false;
    }
    match kind {
        Kind::File | Kind::HardLink | Kind::Sparse => {
            // Programs beside their libraries (`app/node_modules/x/bin/y`) are many, and folders are rarely named so.
            !name.contains('.')
                && !path.contains("/bin/")
                && path.bytes().filter(|byte| *byte == b'/').count() < 5
        }
        _ => !path.contains("/.bin/"),
    }
}

/// Whether programs lie in the path's folder: what stands there instead of an executable below hides what that one said.
pub(super) fn is_program_path(path: &str) -> bool {
    path.rsplit('/')
        .nth(1)
        .is_some_and(|folder| matches!(folder, "bin" | "sbin" | "libexec"))
}

/// Whether a well-known evidence file lies below this path.
fn is_above_well_known(path: &str) -> bool {
    ANALYZERS
        .iter()
        .flat_map(|analyzer| analyzer.well_known())
        .any(|known| {
            known
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_stand_in_the_way_is_remembered() {
        for (path, kind) in [
            ("var/lib/dpkg", Kind::Symlink),
            ("var", Kind::File),
            ("app", Kind::File),
            ("srv/app/current", Kind::Symlink),
            ("app/node_modules", Kind::Symlink),
            ("a/b/c/d/e/f/site-packages", Kind::File),
        ] {
            assert!(could_hide(path, kind), "{path}");
        }
        for (path, kind) in [
            ("usr/bin/ls", Kind::File),
            ("usr/share/doc/x/copyright", Kind::File),
            ("app/main.py", Kind::File),
            ("app/node_modules/.bin/tsc", Kind::Symlink),
            ("etc/rc0.d/K01x", Kind::Symlink),
        ] {
            assert!(!could_hide(path, kind), "{path}");
        }
    }
}
