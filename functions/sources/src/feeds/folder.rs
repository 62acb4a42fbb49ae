//! A folder of feeds, and the lock that one update at a time holds.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{catalogue::FeedSpec, update::UpdateError};

/// Where documents in use are, below the folder of feeds.
pub const DOCUMENTS: &str = "documents";
/// Where those held back are.
pub(super) const HELD: &str = "held";
/// Where transfers grow.
pub(super) const PARTS: &str = "parts";
/// The file that one update at a time holds.
const LOCK: &str = "lock";

/// A folder of feeds that this process alone updates, until it is dropped.
#[derive(Debug)]
pub struct FeedFolder {
    path: PathBuf,
    // The lock goes with the file.
    lock: Arc<File>,
}

impl FeedFolder {
    /// Takes a folder for an update; makes it where it is not there.
    ///
    /// # Errors
    /// When another process updates it, or it cannot be made.
    pub fn lock(path: &Path) -> Result<Self, UpdateError> {
        let folder = |source| UpdateError::Folder {
            folder: path.to_owned(),
            source,
        };
        fs::create_dir_all(path.join(DOCUMENTS)).map_err(folder)?;
        let lock_failed = |source| UpdateError::Lock {
            folder: path.to_owned(),
            source,
        };
        let lock = File::create(path.join(LOCK)).map_err(lock_failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(UpdateError::Busy {
                    folder: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(lock_failed(source)),
        }
        // What an update that was interrupted left: its documents are asked for again.
        match fs::remove_dir_all(path.join(PARTS)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(folder(error));
            }
            _ => {}
        }
        Ok(Self {
            path: path.to_owned(),
            lock: Arc::new(lock),
        })
    }

    /// Another hand on the lock: for work that nobody can call off, which must not meet the next update.
    pub(super) fn held(&self) -> Arc<File> {
        Arc::clone(&self.lock)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the documents in use.
    pub fn documents(&self) -> PathBuf {
        self.path.join(DOCUMENTS)
    }
}

/// The file of a document in a part of the folder.
pub(super) fn file_of(folder: &FeedFolder, part: &str, spec: &FeedSpec, name: &str) -> PathBuf {
    folder.path.join(part).join(spec.name).join(name)
}

/// Puts a file or a folder in another's place, at one moment.
pub(super) fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(from, to)
}
