//! Folders of advisories: compiled ones are opened, documents are compiled first.

mod build;
mod cache;
mod show;

use std::{path::Path, thread};

use advisories::{ShardSet, shards::MANIFEST_NAME};
use anyhow::Context;

use crate::{
    args::FeedsCommand,
    exit::{Failure, Outcome},
    progress::Progress,
};

/// Runs `bulkhead feeds`.
///
/// # Errors
/// When a folder cannot be read or written, or holds no advisories.
pub fn run(command: &FeedsCommand, now: schemas::Timestamp) -> Outcome {
    match command {
        FeedsCommand::Build(args) => build::run(args, now),
        FeedsCommand::Show(args) => show::run(args, now),
    }
}

/// Advisories that are open.
#[derive(Debug)]
pub struct Opened {
    /// The advisories.
    pub shards: ShardSet,
    /// Their folder, where it goes away with them.
    _folder: Option<tempfile::TempDir>,
}

impl From<ShardSet> for Opened {
    fn from(shards: ShardSet) -> Self {
        Self {
            shards,
            _folder: None,
        }
    }
}

/// Opens a compiled folder, or compiles a folder of documents into the user's cache and opens that.
///
/// # Errors
/// When the folder holds neither.
pub fn open(folder: &Path, progress: &Progress) -> Result<Opened, Failure> {
    if !folder.is_dir() {
        let error = anyhow::anyhow!(
            "open advisories in {}: there is no such folder",
            folder.display()
        );
        return Err(Failure::input(error).advise(
            "name a folder with --feeds DIR or BULKHEAD_FEEDS; `bulkhead feeds build` makes one",
        ));
    }
    if is_compiled(folder) {
        return open_compiled(folder).map(Opened::from);
    }
    cache::open(folder, progress)
}

fn is_compiled(folder: &Path) -> bool {
    folder.join(MANIFEST_NAME).is_file()
}

fn open_compiled(folder: &Path) -> Result<ShardSet, Failure> {
    ShardSet::open_dir(folder)
        .with_context(|| format!("open compiled advisories in {}", folder.display()))
        .map_err(|error| {
            Failure::input(error)
                .advise("compile them again with `bulkhead feeds build --from DOCUMENTS --to DIR`")
        })
}

fn threads() -> usize {
    thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get)
}

/// What to say of a folder in which nothing is an advisory.
fn nothing_recognised(folder: &Path) -> Failure {
    Failure::input(anyhow::anyhow!(
        "{} holds neither compiled advisories nor a document that is recognised",
        folder.display()
    ))
    .advise(
        "put documents of MSRC (CVRF), Debian's tracker, Alpine's secdb, OSV, CISA KEV, EPSS or CVSS/SSVC tables \
         there; .zst, .gz, .zip and .tar are read as they are",
    )
}
