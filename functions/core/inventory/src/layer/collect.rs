//! Receives a layer's entries: sorts out whiteouts, hands wanted files to their analyzers, and forgets the rest.

use std::{borrow::Cow, collections::HashMap};

use schemas::inventory::{CoverageGap, Evidence, GapReason};

use super::{
    LayerForm,
    hides::{could_hide, is_program_path},
};
use crate::{
    analyzers::{self, Analyzer, HEAD_BYTES},
    content::Content,
    gaps::{Gaps, chain, gap, gap_at},
    limits::{Limits, LockFiles},
    path::{normalise, split},
    tar::{Entry, Interest, Kind, Sink},
};

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
/// Names with which the union file system aufs, where whiteouts come from, kept its own records.
const UNION_RECORD: &str = ".wh..wh.";

/// What was collected of a layer.
pub(super) struct Collected {
    pub(super) entries: u64,
    pub(super) windows: bool,
    pub(super) evidence: Vec<Evidence>,
    pub(super) whiteouts: Vec<String>,
    pub(super) opaque: Vec<String>,
    pub(super) replaced: Vec<String>,
    pub(super) gaps: Vec<CoverageGap>,
    /// Whether the reading was stopped at a limit.
    pub(super) stopped: bool,
}

struct Wanted {
    analyzer: &'static dyn Analyzer,
    path: String,
    content: Content,
    failed: Option<std::io::Error>,
    sniffed: Sniffed,
    size: u64,
}

/// Whether a file is wanted by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sniffed {
    /// It is wanted, by its path or its first bytes.
    Wanted,
    /// Too few bytes came so far.
    NotYet,
    /// Its bytes are not kept.
    Unwanted,
}

/// The receiving end of the tar reader.
pub(super) struct Collector<'a> {
    limits: &'a Limits,
    lock_files: bool,
    form: LayerForm,
    path: String,
    wanted: Option<Wanted>,
    /// Evidence by path, in the order of appearance: a later entry of the same name replaces an earlier one.
    evidence: Vec<Vec<Evidence>>,
    at: HashMap<String, usize>,
    packages: usize,
    hidden_bytes: usize,
    hidden_full: bool,
    gaps: Gaps,
    out: Collected,
}

impl<'a> Collector<'a> {
    pub(super) fn new(form: LayerForm, limits: &'a Limits) -> Self {
        Self {
            limits,
            lock_files: limits.lock_files == LockFiles::Everywhere,
            form,
            path: String::with_capacity(256),
            wanted: None,
            evidence: Vec::new(),
            at: HashMap::new(),
            packages: 0,
            hidden_bytes: 0,
            hidden_full: false,
            gaps: Gaps::new(limits.max_gaps),
            out: Collected {
                entries: 0,
                windows: form == LayerForm::Windows,
                evidence: Vec::new(),
                whiteouts: Vec::new(),
                opaque: Vec::new(),
                replaced: Vec::new(),
                gaps: Vec::new(),
                stopped: false,
            },
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.out.stopped
    }

    pub(super) fn finish(mut self) -> Collected {
        self.out.evidence = self.evidence.into_iter().flatten().collect();
        self.out.evidence.sort_by(|a, b| path_of(a).cmp(path_of(b)));
        self.out.gaps = self.gaps.into_vec();
        self.out
    }

    /// The path below the image's root that the name in `self.path` stands for; false when it is none of the image's.
    fn apply_form(&mut self) -> bool {
        if self.form == LayerForm::Detect && !self.path.is_empty() {
            let top = self.path.split('/').next().unwrap_or_default();
            self.form = if matches!(top, "Files" | "Hives" | "UtilityVM") {
                LayerForm::Windows
            } else {
                LayerForm::Linux
            };
            self.out.windows = self.form == LayerForm::Windows;
        }
        if self.form != LayerForm::Windows {
            return true;
        }
        let (top, rest) = self.path.split_once('/').unwrap_or((&self.path, ""));
        if top.eq_ignore_ascii_case("Files") {
            self.path = rest.to_owned();
            true
        } else {
            top.eq_ignore_ascii_case("Hives")
        }
    }

    /// Notes a path that hides something of the layers below.
    fn hide(&mut self, list: fn(&mut Collected) -> &mut Vec<String>, path: String) {
        let count = self.out.whiteouts.len() + self.out.opaque.len() + self.out.replaced.len();
        if count >= self.limits.max_hidden_paths
            || self.hidden_bytes + path.len() > self.limits.max_hidden_bytes
        {
            if !self.hidden_full {
                self.hidden_full = true;
                self.gaps.push(gap(
                    GapReason::LimitExceeded,
                    "the layer hides more paths of the layers below than are remembered: packages that it removed may \
                     still be listed",
                ));
            }
            return;
        }
        self.hidden_bytes += path.len();
        list(&mut self.out).push(path);
    }

    fn whiteout(&mut self, folder: String, name: &str) {
        if name == OPAQUE {
            self.hide(|out| &mut out.opaque, folder);
            return;
        }
        if name.starts_with(UNION_RECORD) {
            return;
        }
        let hidden = name.strip_prefix(WHITEOUT).unwrap_or_default();
        if matches!(hidden, "" | "." | "..") {
            let why = "the whiteout names nothing below its folder; it was skipped";
            self.gaps
                .push(gap_at(GapReason::UnsafePath, self.path.clone(), why));
            return;
        }
        let path = if folder.is_empty() {
            hidden.to_owned()
        } else {
            format!("{folder}/{hidden}")
        };
        self.hide(|out| &mut out.whiteouts, path);
    }

    /// What names of the same file have in common: Windows knows no case, whoever made the layer.
    fn key<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match self.form {
            LayerForm::Windows => Cow::Owned(path.to_lowercase()),
            _ => Cow::Borrowed(path),
        }
    }

    /// Forgets what an earlier entry of the same name said.
    fn forget(&mut self, path: &str) {
        let key = self.key(path);
        if let Some(evidence) = self
            .at
            .remove(&*key)
            .and_then(|at| self.evidence.get_mut(at))
        {
            self.packages -= evidence
                .iter()
                .map(packages_of)
                .sum::<usize>()
                .min(self.packages);
            evidence.clear();
        }
    }

    /// An entry at a path that an analyzer wants, or a file that it may want by its first bytes.
    fn wanted_entry(
        &mut self,
        analyzer: &'static dyn Analyzer,
        entry: &Entry<'_>,
        sniffed: Sniffed,
    ) -> Interest {
        let path = self.path.clone();
        if !self.at.is_empty() {
            self.forget(&path);
        }
        match entry.kind {
            Kind::File => {
                let limit = if analyzer.is_database() {
                    self.limits.max_database_bytes
                } else {
                    self.limits.max_evidence_file_bytes
                };
                // Whether a file is too large matters once it is known to be wanted.
                if entry.size <= limit || sniffed == Sniffed::NotYet {
                    self.wanted = Some(Wanted {
                        analyzer,
                        path,
                        content: Content::empty(),
                        failed: None,
                        sniffed,
                        size: entry.size,
                    });
                    return Interest::Content;
                }
                self.gaps.push(too_large(&path, entry.size, limit));
            }
            Kind::HardLink => {
                if self.link_evidence(entry.link, &path) {
                    return Interest::Skip;
                }
                let why = "the file is a hard link to one that was not read";
                self.gaps
                    .push(gap_at(GapReason::UnsupportedFormat, path.clone(), why));
            }
            Kind::Sparse => {
                let why = "the file is stored in a sparse form that is not read";
                self.gaps
                    .push(gap_at(GapReason::UnsupportedFormat, path.clone(), why));
            }
            Kind::Folder => {}
            _ => {
                if analyzer.is_sole_record() {
                    let why =
                        "the file is a link, which is not followed: what it lists is not known";
                    self.gaps
                        .push(gap_at(GapReason::UnsupportedFormat, path.clone(), why));
                }
            }
        }
        self.hide(|out| &mut out.replaced, path);
        Interest::Skip
    }

    /// Gives the evidence of a file to a hard link to it; false when there is none.
    fn link_evidence(&mut self, target: &[u8], path: &str) -> bool {
        let mut name = String::new();
        if normalise(target, self.limits.max_path_bytes, &mut name).is_err() {
            return false;
        }
        let name = match (self.form, name.split_once('/')) {
            (LayerForm::Windows, Some((top, rest))) if top.eq_ignore_ascii_case("Files") => {
                rest.to_owned()
            }
            _ => name,
        };
        let key = self.key(&name);
        let Some(evidence) = self.at.get(&*key).and_then(|at| self.evidence.get(*at)) else {
            return false;
        };
        let mut evidence = evidence.clone();
        for item in &mut evidence {
            rename(item, path);
        }
        self.keep(path, evidence);
        true
    }

    fn keep(&mut self, path: &str, evidence: Vec<Evidence>) {
        let count: usize = evidence.iter().map(packages_of).sum();
        if self.packages + count > self.limits.max_packages {
            self.gaps.push(gap_at(
                GapReason::LimitExceeded,
                path,
                format!(
                    "the layer has more than {} packages; those of this file were left out",
                    self.limits.max_packages
                ),
            ));
            return;
        }
        self.packages += count;
        let key = self.key(path).into_owned();
        self.at.insert(key, self.evidence.len());
        self.evidence.push(evidence);
    }
}

impl Sink for Collector<'_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        if self.out.entries >= self.limits.max_entries {
            self.out.stopped = true;
            self.gaps.push(gap(
                GapReason::LimitExceeded,
                format!(
                    "the layer has more than {} entries; the rest was not read",
                    self.limits.max_entries
                ),
            ));
            return Interest::Stop;
        }
        self.out.entries += 1;
        let mut path = std::mem::take(&mut self.path);
        let name = normalise(entry.name, self.limits.max_path_bytes, &mut path);
        self.path = path;
        if let Err(why) = name {
            let shown: String = String::from_utf8_lossy(entry.name)
                .chars()
                .take(100)
                .collect();
            self.gaps
                .push(gap_at(GapReason::UnsafePath, shown, why.detail()));
            return Interest::Skip;
        }
        if !self.apply_form() || self.path.is_empty() {
            return Interest::Skip;
        }
        let (folder, name) = split(&self.path);
        if name.starts_with(WHITEOUT) {
            let (folder, name) = (folder.to_owned(), name.to_owned());
            self.whiteout(folder, &name);
            return Interest::Skip;
        }
        if let Some(analyzer) = analyzers::for_path(&self.path, self.lock_files) {
            return self.wanted_entry(analyzer, entry, Sniffed::Wanted);
        }
        if entry.kind == Kind::File
            && let Some(analyzer) = analyzers::for_content(&self.path, entry.size, entry.executable)
        {
            return self.wanted_entry(analyzer, entry, Sniffed::NotYet);
        }
        if entry.kind == Kind::HardLink && !self.at.is_empty() {
            let path = self.path.clone();
            if self.link_evidence(entry.link, &path) {
                return Interest::Skip;
            }
        }
        if entry.kind != Kind::Folder
            && (could_hide(&self.path, entry.kind) || is_program_path(&self.path))
        {
            let path = self.path.clone();
            self.hide(|out| &mut out.replaced, path);
        }
        Interest::Skip
    }

    fn content(&mut self, bytes: &[u8]) {
        let Some(wanted) = &mut self.wanted else {
            return;
        };
        if wanted.failed.is_some() || wanted.sniffed == Sniffed::Unwanted {
            return;
        }
        if let Err(error) = wanted.content.append(bytes) {
            wanted.failed = Some(error);
            return;
        }
        if wanted.sniffed == Sniffed::NotYet && wanted.content.len() >= HEAD_BYTES as u64 {
            let mut head = [0; HEAD_BYTES];
            let recognised = match wanted.content.read_exact_at(0, &mut head) {
                Ok(()) => wanted.analyzer.recognises(&head),
                Err(_) => false,
            };
            let limit = self.limits.max_database_bytes;
            if recognised && wanted.size > limit {
                self.gaps.push(too_large(&wanted.path, wanted.size, limit));
            }
            if recognised && wanted.size <= limit {
                wanted.sniffed = Sniffed::Wanted;
                if let Err(error) = wanted.content.seek_to_end() {
                    wanted.failed = Some(error);
                }
            } else {
                wanted.sniffed = Sniffed::Unwanted;
                wanted.content = Content::empty();
            }
        }
    }

    fn end(&mut self) {
        let Some(mut wanted) = self.wanted.take() else {
            return;
        };
        if wanted.sniffed != Sniffed::Wanted {
            if could_hide(&wanted.path, Kind::File) || is_program_path(&wanted.path) {
                self.hide(|out| &mut out.replaced, wanted.path);
            }
            return;
        }
        let analysis = match wanted.failed.take() {
            Some(error) => Err(error.into()),
            None => wanted.analyzer.analyze(&wanted.path, &mut wanted.content),
        };
        match analysis {
            Ok(analysis) => {
                self.gaps.extend(analysis.gaps);
                if analysis.evidence.is_empty() && wanted.analyzer.is_supplement() {
                    return;
                }
                if analysis.evidence.is_empty() {
                    // The file is there and says nothing: what a lower layer's said holds no longer.
                    self.hide(|out| &mut out.replaced, wanted.path);
                } else {
                    self.keep(&wanted.path, analysis.evidence);
                }
            }
            Err(error) => {
                self.gaps
                    .push(gap_at(error.reason(), wanted.path.clone(), chain(&error)));
                self.hide(|out| &mut out.replaced, wanted.path);
            }
        }
    }

    fn lost_header(&mut self, why: &'static str) {
        self.gaps.push(gap(
            GapReason::UnsafePath,
            format!("{why}: the entry after it may be read under a wrong name"),
        ));
    }
}

fn too_large(path: &str, size: u64, limit: u64) -> CoverageGap {
    gap_at(
        GapReason::LimitExceeded,
        path,
        format!("the file of {size} bytes is larger than the limit of {limit} and was not read"),
    )
}

fn path_of(evidence: &Evidence) -> &str {
    match evidence {
        Evidence::Packages { path, .. }
        | Evidence::Os { path, .. }
        | Evidence::Hive { path, .. }
        | Evidence::OwnedFiles { path, .. } => path,
        Evidence::Unknown => "",
    }
}

fn packages_of(evidence: &Evidence) -> usize {
    match evidence {
        Evidence::Packages { packages, .. } => packages.len().max(1),
        _ => 1,
    }
}

fn rename(evidence: &mut Evidence, to: &str) {
    match evidence {
        Evidence::Packages { path, packages, .. } => {
            for package in packages {
                // A package may lie in an archive within the file.
                let within = package.path.strip_prefix(path.as_str()).unwrap_or_default();
                package.path = format!("{to}{within}");
            }
            to.clone_into(path);
        }
        Evidence::Os { path, .. }
        | Evidence::Hive { path, .. }
        | Evidence::OwnedFiles { path, .. } => to.clone_into(path),
        Evidence::Unknown => {}
    }
}
