//! The folder that `bulkhead feeds update` fills and scans read.

use std::path::{Path, PathBuf};

use sources::feeds::UpdateState;

use super::is_compiled;
use crate::{args::FeedsFolderArgs, exit::Failure, folders};

/// Name of the folder in the user's data. Compiled documents in the cache have another, which on Windows lies beside it.
const NAME: &str = "advisories";
/// Name of the folder of what was compiled, in a folder of feeds.
const COMPILED: &str = "compiled";

/// The user's folder of feeds; nothing when the user has no home.
pub(super) fn default() -> Option<PathBuf> {
    folders::data(NAME)
}

/// The folder that the command line names, or the user's.
pub(super) fn of(args: &FeedsFolderArgs) -> Result<PathBuf, Failure> {
    let folder = args.dir.clone().or_else(default).ok_or_else(|| {
        Failure::input(anyhow::anyhow!(
            "there is no folder for feeds: the user has no home"
        ))
        .advise("name one with --dir DIR or BULKHEAD_FEEDS")
    })?;
    if is_compiled(&folder) {
        let error = anyhow::anyhow!(
            "{} is a folder that `bulkhead feeds build` compiled, and no folder of feeds",
            folder.display()
        );
        return Err(Failure::input(error).advise("name another folder with --dir DIR"));
    }
    Ok(folder)
}

/// Where a folder of feeds keeps what was compiled.
pub(super) fn compiled(folder: &Path) -> PathBuf {
    folder.join(COMPILED)
}

/// Whether this is a folder of feeds, filled or about to be.
pub(super) fn is_feeds(folder: &Path) -> bool {
    is_compiled(&compiled(folder)) || UpdateState::exists(folder)
}
