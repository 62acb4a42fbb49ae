//! One process per store: a lock on a file in its folder, given up by the system when the process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::OpenError;

/// Holds the folder for this process.
pub(crate) struct StoreLock {
    // Closing the file gives up the lock.
    _file: File,
}

impl StoreLock {
    /// Takes the lock, or says which process has it.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("lock");
        let failed = |source| OpenError::Folder {
            folder: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.take(20).read_to_string(&mut holder);
                return Err(OpenError::Held {
                    folder: folder.to_owned(),
                    holder: holder.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // Whose it is, for the message above; the lock itself does not depend on it, and a full disk
        // must not keep a store closed.
        let named = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()));
        if let Err(error) = named {
            tracing::warn!(error = %error, "the lock does not name its process");
        }
        Ok(Self { _file: file })
    }
}
