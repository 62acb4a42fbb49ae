//! Which files a record of the system's packages is worth remembering for: those in which packages of languages are
//! found.

use super::for_path;

/// Paths of one record that are remembered, and their bytes. The largest known hosts have some ten thousand.
pub(super) const MAX_PATHS: usize = 100_000;
pub(super) const MAX_PATH_BYTES: usize = 8 << 20;

/// Analyzers of the system's own records.
const SYSTEM: &[&str] = &[
    "os-release",
    "dpkg",
    "dpkg-files",
    "apk",
    "rpm",
    "windows-hive",
];

/// Whether a language's package may be found in this file.
pub(super) fn matters(path: &str) -> bool {
    is_program(path)
        || for_path(path, true).is_some_and(|analyzer| !SYSTEM.contains(&analyzer.name()))
}

/// Whether this may be a program, which may say what it was built from: nothing but its content tells, so names without
/// an extension in folders of programs and libraries count.
fn is_program(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    let top = folder.strip_prefix("usr/").unwrap_or(folder);
    let top = top.split('/').next().unwrap_or(top);
    matches!(
        top,
        "bin" | "sbin" | "lib" | "lib64" | "libexec" | "local" | "opt"
    ) && !name.contains('.')
}

/// What is remembered of one package's files, within the bounds of a record.
#[derive(Debug, Default)]
pub(super) struct Budget {
    paths: usize,
    bytes: usize,
    pub(super) full: bool,
}

impl Budget {
    /// Whether one more path may be remembered.
    pub(super) fn takes(&mut self, path: &str) -> bool {
        if self.paths >= MAX_PATHS || self.bytes + path.len() > MAX_PATH_BYTES {
            self.full = true;
            return false;
        }
        self.paths += 1;
        self.bytes += path.len();
        true
    }
}

/// Said of a record that has more.
pub(super) const FULL: &str = "the record names more files than are remembered: packages of languages that the system's \
                               packages brought may be judged twice";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_name_packages_matter() {
        for path in [
            "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
            "usr/share/nodejs/semver/node_modules/x/package.json",
            "usr/bin/containerd",
            "usr/libexec/docker/cli-plugins/docker-compose",
            "usr/share/rubygems-integration/all/specifications/rack-2.2.6.gemspec",
        ] {
            assert!(matters(path), "{path}");
        }
        for path in [
            "usr/share/doc/bash/copyright",
            "usr/lib/x86_64-linux-gnu/libc.so.6",
            "etc/os-release",
            "var/lib/dpkg/status",
            "usr/lib/python3/dist-packages/six.py",
        ] {
            assert!(!matters(path), "{path}");
        }
    }
}
