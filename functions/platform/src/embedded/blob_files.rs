//! The files that hold the content of blobs.
//!
//! A file gets a name of its own, which no path of a blob enters: so nothing that a caller names can
//! leave the folder. It is written under a temporary name, synced, renamed, and its folder synced; only
//! then does the database name it, and from then on it never changes. What the database does not name
//! is left over from a crash and removed when the store is opened.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The ending of a file that is being written.
const PART: &str = ".part";
/// While another process has this file locked, no file of a blob is removed, since a backup copies them.
const HELD: &str = "held";
/// Most names of files that wait for the end of a backup; further ones stay until the store is opened again.
const MAX_WAITING: usize = 100_000;

/// The folder of blob files.
#[derive(Debug)]
pub(crate) struct BlobFiles {
    folder: PathBuf,
    /// Differs each time the store is opened, so that names are never used again.
    opened: String,
    count: AtomicU64,
    /// Files that nothing names any more, kept for a backup.
    waiting: Mutex<Vec<String>>,
}

/// Keeps every file of a blob in its place until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold(#[expect(dead_code, reason = "closing it gives up the lock")] File);

impl Hold {
    /// Holds the files of a folder; `None` when another backup does.
    pub(crate) fn take(folder: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(HELD))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_taken(folder: &Path) -> bool {
        // Without the file there never was a backup. When it cannot be told, files stay.
        match File::open(folder.join(HELD)) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }
}

/// Makes a folder which only the owner can enter.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes what was created or renamed in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl BlobFiles {
    /// Opens the folder, creating it when absent.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        make_private_folder(folder)?;
        for shard in 0..=u8::MAX {
            make_private_folder(&folder.join(format!("{shard:02x}")))?;
        }
        sync_folder(folder)?;
        let opened = getrandom::u64().map_err(io::Error::other)?;
        Ok(Self {
            folder: folder.to_owned(),
            opened: format!("{opened:016x}"),
            count: AtomicU64::new(0),
            waiting: Mutex::default(),
        })
    }

    /// Begins a new file.
    pub(crate) fn create(&self) -> io::Result<NewFile> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:02x}/{}-{number:x}", number % 256, self.opened);
        let part = self.folder.join(format!("{name}{PART}"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        Ok(NewFile {
            whole: self.folder.join(&name),
            part: Some(part),
            name,
            file,
        })
    }

    /// Where a file is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Removes a file which nothing names any more, at once or after a backup that is under way. A failure leaves it to
    /// the next sweep.
    pub(crate) fn remove(&self, name: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push(name.to_owned());
        }
        if Hold::is_taken(&self.folder) {
            return;
        }
        let names = std::mem::take(&mut *waiting);
        drop(waiting);
        for name in names {
            if let Err(error) = fs::remove_file(self.path(&name))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(file = name, error = %error, "a blob's former file could not be removed");
            }
        }
    }

    /// Removes every file that is not among `named`, and returns how many; none while a backup is under way.
    pub(crate) fn sweep(&self, named: &HashSet<String>) -> io::Result<usize> {
        if Hold::is_taken(&self.folder) {
            return Ok(0);
        }
        let mut removed = 0;
        for shard in 0..=u8::MAX {
            let shard = format!("{shard:02x}");
            for entry in fs::read_dir(self.folder.join(&shard))? {
                let entry = entry?;
                let name = format!("{shard}/{}", entry.file_name().to_string_lossy());
                if !named.contains(&name) {
                    fs::remove_file(entry.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// A file that is being written; removed when it is dropped before [`NewFile::finish`].
#[derive(Debug)]
pub(crate) struct NewFile {
    name: String,
    whole: PathBuf,
    part: Option<PathBuf>,
    file: File,
}

impl NewFile {
    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes the file durable under its name, and returns that.
    pub(crate) fn finish(mut self) -> io::Result<String> {
        self.file.sync_all()?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.whole)?;
        }
        self.part = None;
        if let Some(folder) = self.whole.parent() {
            sync_folder(folder)?;
        }
        Ok(std::mem::take(&mut self.name))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part
            && let Err(error) = fs::remove_file(part)
        {
            tracing::warn!(file = %part.display(), error = %error, "an unfinished blob file could not be removed");
        }
    }
}
