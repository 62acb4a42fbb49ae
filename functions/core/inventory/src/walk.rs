//! Evidence of a folder or live host: well-known files first, then a walk for what can lie anywhere. Links to folders
//! are not followed; memory is bounded by depth, not by the number of files.

use std::{
    collections::HashSet,
    fs::{Metadata, ReadDir},
    io,
    path::{Path, PathBuf},
};

use schemas::{
    Digest,
    inventory::{CoverageGap, Evidence, GapReason, LayerInventory, layer::LAYER_VERSION},
};

use crate::{
    analyzers::{self, ANALYZERS, Analyzer, HEAD_BYTES},
    confine::Root,
    content::Content,
    gaps::{Gaps, chain, gap, gap_at},
    limits::{Limits, LockFiles},
    path::split,
};

/// What a walk does not look into.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftOut {
    /// These folders.
    pub(crate) folders: HashSet<PathBuf>,
    /// Folders whose names only container engines give, wherever their data lies: of a host, not of a folder.
    pub(crate) engines: bool,
}

impl LeftOut {
    fn holds(&self, on_disk: &Path, path: &str) -> bool {
        self.folders.contains(on_disk) || (self.engines && is_of_engine(path))
    }
}

/// Docker's and containerd's folders of unpacked layers, and those of podman for a user.
fn is_of_engine(path: &str) -> bool {
    let (folder, name) = split(path);
    name == "overlay2"
        || name == "windowsfilter"
        || name.starts_with("io.containerd.snapshotter.")
        || (name == "storage" && split(folder).1 == "containers")
}

/// What a walk found, in the form of a layer that stands alone.
pub(crate) fn walk(root: &Root, left_out: &LeftOut, limits: &Limits) -> LayerInventory {
    let mut walk = Walk {
        root,
        limits,
        left_out,
        seen: HashSet::new(),
        evidence: Vec::new(),
        packages: 0,
        packages_full: false,
        entries: 0,
        gaps: Gaps::new(limits.max_gaps),
    };
    for path in ANALYZERS.iter().flat_map(|analyzer| analyzer.well_known()) {
        if let Some(analyzer) = analyzers::for_path(path, false) {
            walk.file(analyzer, path, Path::new(path), false);
        }
    }
    walk.folders();
    walk.finish()
}

struct Walk<'a> {
    root: &'a Root,
    limits: &'a Limits,
    left_out: &'a LeftOut,
    /// Well-known files that were read before the walk.
    seen: HashSet<String>,
    evidence: Vec<Evidence>,
    packages: usize,
    packages_full: bool,
    entries: u64,
    gaps: Gaps,
}

impl Walk<'_> {
    /// Walks all folders, with one open folder per level.
    fn folders(&mut self) {
        let lock_files = !self.left_out.engines || self.limits.lock_files == LockFiles::Everywhere;
        let mut open: Vec<(ReadDir, String)> = Vec::new();
        let top = self.root.path().to_owned();
        open.extend(self.open_folder(&top, String::new()));
        while let Some((entries, folder)) = open.last_mut() {
            let Some(entry) = entries.next() else {
                open.pop();
                continue;
            };
            let folder = folder.clone();
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unreadable(&folder, &error);
                    open.pop();
                    continue;
                }
            };
            if self.entries >= self.limits.max_entries {
                self.gaps.push(gap(
                    GapReason::LimitExceeded,
                    format!(
                        "there are more than {} files; the rest was not looked at",
                        self.limits.max_entries
                    ),
                ));
                return;
            }
            self.entries += 1;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = if folder.is_empty() {
                name.into_owned()
            } else {
                format!("{folder}/{name}")
            };
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    self.gaps.push(gap_at(
                        GapReason::ReadError,
                        path,
                        format!("what it is cannot be told: {error}"),
                    ));
                    continue;
                }
            };
            if kind.is_dir() {
                let on_disk = entry.path();
                if self.left_out.holds(&on_disk, &path) {
                    continue;
                }
                if open.len() >= self.limits.max_depth {
                    self.gaps.push(gap_at(
                        GapReason::LimitExceeded,
                        path,
                        "the folder lies deeper than the limit and was not looked into",
                    ));
                    continue;
                }
                open.extend(self.open_folder(&on_disk, path));
            } else if (kind.is_file() || kind.is_symlink())
                && let Some(analyzer) = analyzers::for_path(&path, lock_files)
                && !self.seen.contains(&path)
            {
                // By the name on disk, which need not be UTF-8.
                let on_disk = entry.path();
                let below = on_disk.strip_prefix(self.root.path()).unwrap_or(&on_disk);
                self.file(analyzer, &path, below, false);
            } else if kind.is_file()
                && analyzers::for_content(&path, u64::MAX, true).is_some()
                && let Ok(metadata) = entry.metadata()
                && let Some(analyzer) =
                    analyzers::for_content(&path, metadata.len(), is_executable(&metadata))
            {
                let on_disk = entry.path();
                let below = on_disk.strip_prefix(self.root.path()).unwrap_or(&on_disk);
                self.file(analyzer, &path, below, true);
            }
        }
    }

    fn open_folder(&mut self, on_disk: &Path, path: String) -> Option<(ReadDir, String)> {
        match std::fs::read_dir(on_disk) {
            Ok(entries) => Some((entries, path)),
            Err(error) => {
                self.unreadable(&path, &error);
                None
            }
        }
    }

    fn unreadable(&mut self, path: &str, error: &io::Error) {
        // What went away while the walk was under way is no gap.
        if error.kind() == io::ErrorKind::NotFound {
            return;
        }
        self.gaps.push(denied_or_failed(path, error));
    }

    /// Reads one evidence file; with `sniff` only when its first bytes are wanted.
    fn file(&mut self, analyzer: &'static dyn Analyzer, path: &str, below: &Path, sniff: bool) {
        let (file, metadata) = match self.root.open(below) {
            Ok(Some(opened)) => opened,
            Ok(None) => return,
            Err(error) => {
                self.unreadable(path, &error);
                return;
            }
        };
        let mut content = Content::from_file(file, metadata.len());
        if sniff {
            let mut head = [0; HEAD_BYTES];
            // What cannot be read now, or shrank, is no executable that runs.
            if content.read_exact_at(0, &mut head).is_err() || !analyzer.recognises(&head) {
                return;
            }
        } else {
            self.seen.insert(path.to_owned());
        }
        let limit = if analyzer.is_database() {
            self.limits.max_database_bytes
        } else {
            self.limits.max_evidence_file_bytes
        };
        if metadata.len() > limit {
            self.gaps.push(gap_at(
                GapReason::LimitExceeded,
                path,
                format!(
                    "the file of {} bytes is larger than the limit of {limit} and was not read",
                    metadata.len()
                ),
            ));
            return;
        }
        match analyzer.analyze(path, &mut content) {
            Ok(analysis) => {
                self.gaps.extend(analysis.gaps);
                self.keep(path, analysis.evidence);
            }
            Err(analyzers::AnalyzerError::Read(error)) => self.unreadable(path, &error),
            Err(error) => self.gaps.push(gap_at(error.reason(), path, chain(&error))),
        }
    }

    fn keep(&mut self, path: &str, evidence: Vec<Evidence>) {
        let count: usize = evidence
            .iter()
            .map(|item| match item {
                Evidence::Packages { packages, .. } => packages.len().max(1),
                _ => 1,
            })
            .sum();
        if self.packages + count > self.limits.max_packages {
            if !self.packages_full {
                self.packages_full = true;
                self.gaps.push(gap_at(
                    GapReason::LimitExceeded,
                    path,
                    format!(
                        "there are more than {} packages; those of this and further files were left out",
                        self.limits.max_packages
                    ),
                ));
            }
            return;
        }
        self.packages += count;
        self.evidence.extend(evidence);
    }

    fn finish(self) -> LayerInventory {
        LayerInventory {
            version: LAYER_VERSION,
            diff_id: Digest::from_sha256(&[0; 32]),
            reader: None,
            generation: crate::GENERATION,
            size_bytes: 0,
            entries: self.entries,
            windows: false,
            evidence: self.evidence,
            whiteouts: Vec::new(),
            opaque: Vec::new(),
            replaced: Vec::new(),
            gaps: self.gaps.into_vec(),
        }
    }
}

/// Whether its mode lets anybody execute it. Windows tells programs by their extension alone.
#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

fn denied_or_failed(path: &str, error: &io::Error) -> CoverageGap {
    if error.kind() == io::ErrorKind::PermissionDenied {
        gap_at(
            GapReason::PermissionDenied,
            path,
            "not allowed to read it; run as root or administrator to see what it holds",
        )
    } else {
        gap_at(GapReason::ReadError, path, chain(error))
    }
}
