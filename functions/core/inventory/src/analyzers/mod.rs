//! Analyzers: each understands one kind of file that says which packages or which operating system are present.
//!
//! Adding one: a file here with a `pub(crate) static`, and its line in [`ANALYZERS`]. Private statics make the
//! compiler report one that is not listed.

mod apk;
mod composer;
mod conda;
mod dotnet;
mod dpkg;
mod dpkg_files;
pub(crate) mod executable;
mod gemspec;
mod java;
pub(crate) mod lock;
mod npm;
mod nuget;
pub(crate) mod os_release;
mod owned;
mod python;
mod rpm;
mod stanza;
mod xml;

use schemas::inventory::{CoverageGap, Evidence, GapReason};

pub use crate::windows::ANALYZER as WINDOWS_HIVE;
use crate::{content::Content, gaps::gap_at};

/// What an analyzer understood of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// What the file says. A file that lists nothing still gives an empty list: it hides a lower layer's.
    pub evidence: Vec<Evidence>,
    /// What of the file was not understood.
    pub gaps: Vec<CoverageGap>,
}

/// Why a file could not be understood at all.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzerError {
    /// The file could not be read.
    #[error("reading failed")]
    Read(#[from] std::io::Error),
    /// The file is not of the form that its name promises.
    #[error("{0}")]
    Corrupt(String),
    /// The file has a form that is recognised and not read.
    #[error("{0}")]
    Unsupported(String),
    /// The file goes beyond a limit.
    #[error("{0}")]
    Limit(String),
}

impl AnalyzerError {
    /// The word for machines under which this error is a coverage gap.
    pub fn reason(&self) -> GapReason {
        match self {
            Self::Read(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                GapReason::LimitExceeded
            }
            Self::Read(_) => GapReason::ReadError,
            Self::Corrupt(_) => GapReason::Corrupt,
            Self::Unsupported(_) => GapReason::UnsupportedFormat,
            Self::Limit(_) => GapReason::LimitExceeded,
        }
    }
}

/// Packages of one file: the largest real lists have some thousands. What goes beyond is a gap.
const MAX_PACKAGES: usize = 60_000;

/// The gap of a list that was not read to its end.
fn too_many(path: &str) -> CoverageGap {
    gap_at(
        GapReason::LimitExceeded,
        path,
        format!("the file lists more than {MAX_PACKAGES} packages; the rest was left out"),
    )
}

/// One kind of evidence file.
pub trait Analyzer: Sync {
    /// Its name, which `Evidence::Packages` carries.
    fn name(&self) -> &'static str;

    /// Whether this file is wanted, by its path relative to the root (`/` between parts, no leading slash; relative to
    /// `Files/` in Windows layers, `Hives/…` as it is). Called for every file of a layer: cheap, and without case where
    /// Windows could have it.
    fn wants(&self, path: &str) -> bool;

    /// Whether a file whose name says nothing may be wanted, by what is known before it is read; [`Self::recognises`]
    /// then decides. Called for every file that no analyzer wants by its path: cheap.
    fn may_want(&self, _path: &str, _size: u64, _executable: bool) -> bool {
        false
    }

    /// Whether a file that may be wanted is, by its first bytes, [`HEAD_BYTES`] of them.
    fn recognises(&self, _head: &[u8]) -> bool {
        false
    }

    /// Paths at which the file usually lies: a live host is asked for these before anything else is walked.
    fn well_known(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether the file is random access (a database): it is then kept in a temporary file and may be as large as
    /// `Limits::max_database_bytes`.
    fn is_database(&self) -> bool {
        false
    }

    /// Whether only this file can say what it says, so that one which cannot be followed (a link out of the layer) is a
    /// gap in coverage.
    fn is_sole_record(&self) -> bool {
        false
    }

    /// Whether the files only add to what another record says, so that one which says nothing leaves no trace. What it
    /// said in a lower layer then stays, which must do no harm.
    fn is_supplement(&self) -> bool {
        false
    }

    /// Whether the files say what a build is going to use, and not what is installed: then they are read only where
    /// [`crate::LockFiles`] says so.
    fn is_lock_file(&self) -> bool {
        false
    }

    /// Understands the file. A broken part is skipped and named in `gaps`; an error means that nothing could be had.
    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError>;
}

/// All analyzers. The first that wants a file gets it.
pub static ANALYZERS: &[&dyn Analyzer] = &[
    &os_release::OsRelease,
    &dpkg::Dpkg,
    &dpkg_files::DpkgFiles,
    &apk::Apk,
    &rpm::Rpm,
    &npm::Npm,
    &python::Python,
    &dotnet::Dotnet,
    &nuget::Nuget,
    &gemspec::Gemspec,
    &composer::Composer,
    &conda::Conda,
    &WINDOWS_HIVE,
    &java::Java,
    &executable::Executable,
    &lock::LockFiles,
];

/// The analyzer for this path, if any.
pub fn for_path(path: &str, lock_files: bool) -> Option<&'static dyn Analyzer> {
    ANALYZERS
        .iter()
        .copied()
        .filter(|analyzer| lock_files || !analyzer.is_lock_file())
        .find(|analyzer| analyzer.wants(path))
}

/// First bytes by which a file is recognised.
pub(crate) const HEAD_BYTES: usize = 4;

/// The analyzer that may want a file which none wants by its path.
pub(crate) fn for_content(
    path: &str,
    size: u64,
    executable: bool,
) -> Option<&'static dyn Analyzer> {
    ANALYZERS
        .iter()
        .copied()
        .find(|analyzer| analyzer.may_want(path, size, executable))
}

/// What the analyzer of this path makes of these bytes, or else the one that recognises them; nothing when there is none.
/// The whole of what a file of a stranger's goes through, for fuzzing and tools.
///
/// # Errors
/// As [`Analyzer::analyze`].
pub fn understand(path: &str, bytes: &[u8]) -> Option<Result<Analysis, AnalyzerError>> {
    let recognised = || {
        for_content(path, bytes.len() as u64, true)
            .filter(|analyzer| analyzer.recognises(bytes.get(..HEAD_BYTES).unwrap_or_default()))
    };
    let analyzer = for_path(path, true).or_else(recognised)?;
    Some(analyzer.analyze(path, &mut Content::from(bytes)))
}
