//! Blobs kept as files, so that the functions of one warm instance read a shard once.
//!
//! A file is named by path, etag and size: a blob that was replaced has another name and is never served from here. It is
//! written beside and renamed, so that processes and threads which share the folder see it wholly or not at all, and what
//! was removed stays readable for whoever has it open. The time of its last use is the time that the file system has for
//! its last change.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::AwsBlobs;
use crate::ports::{BlobError, BlobMeta, BlobPath};

/// What a file that is being written begins with.
const UNFINISHED: &str = "part-";
/// After this time nobody writes it any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
/// Locks of blobs that are being fetched; several blobs share one.
const LOCKS: usize = 16;

/// A folder of blobs with a bound.
#[derive(Debug)]
pub struct FileCache {
    dir: PathBuf,
    max_bytes: u64,
    /// Whoever fetches a blob holds its lock, so that others of this process wait instead of fetching it too.
    locks: [Mutex<()>; LOCKS],
}

impl FileCache {
    /// The blobs in `dir`, which is made when it is needed, up to `max_bytes`. What was used least recently goes first.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, max_bytes: u64) -> Self {
        Self {
            dir: dir.into(),
            max_bytes,
            locks: std::array::from_fn(|_| Mutex::new(())),
        }
    }

    /// The file of this name, if it is whole.
    fn find(&self, name: &str, size_bytes: u64) -> Option<File> {
        let file = File::open(self.dir.join(name)).ok()?;
        if file.metadata().ok()?.len() != size_bytes {
            return None;
        }
        // Only the order in which files go depends on it.
        file.set_modified(SystemTime::now()).ok();
        Some(file)
    }

    /// Makes room for so many bytes.
    fn make_room(&self, for_bytes: u64) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut files = Vec::new();
        let mut total = for_bytes;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            // Another process may remove it meanwhile.
            let Ok(known) = entry.metadata() else {
                continue;
            };
            let used = known.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let age = used.elapsed().unwrap_or_default();
            total = total.saturating_add(known.len());
            if !is_unfinished || age > ABANDONED {
                files.push((used, known.len(), entry.path()));
            }
        }
        files.sort();
        for (_, size, path) in files {
            if total <= self.max_bytes {
                break;
            }
            fs::remove_file(&path).or_else(absent)?;
            total = total.saturating_sub(size);
        }
        if total > self.max_bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// A new file to write to, and where it is.
    fn begin(&self, size_bytes: u64) -> io::Result<(File, PathBuf)> {
        self.make_room(size_bytes)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let path = self
            .dir
            .join(format!("{UNFINISHED}{}", hex::encode(random)));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok((file, path))
    }
}

/// Removing what is absent succeeds.
fn absent(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

/// A file that is removed unless it is finished.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    fn finish(mut self, as_path: &Path) -> io::Result<()> {
        match self.0.take() {
            Some(path) => fs::rename(&path, as_path).inspect_err(|_| {
                fs::remove_file(&path).ok();
            }),
            None => Ok(()),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            fs::remove_file(path).ok();
        }
    }
}

/// The name of a blob's file.
fn name_of(meta: &BlobMeta) -> String {
    let what = format!("{}\0{}\0{}", meta.path, meta.etag, meta.size_bytes);
    hex::encode(Sha256::digest(what))
}

/// Why a blob is not in the folder.
enum Failed {
    /// The store failed.
    Store(BlobError),
    /// The folder has no room or cannot be written: the blob is read by ranges then.
    Folder(io::Error),
}

impl AwsBlobs {
    /// A blob as a file of the cache.
    pub(super) async fn open_cached(
        &self,
        cache: &FileCache,
        path: &BlobPath,
    ) -> Result<Option<File>, BlobError> {
        let meta = self.look(path).await?.ok_or(BlobError::NotFound)?;
        // A file without bytes cannot be mapped into memory, and reading it costs nothing.
        if meta.size_bytes == 0 || meta.size_bytes > cache.max_bytes {
            return Ok(None);
        }
        let name = name_of(&meta);
        if let Some(file) = cache.find(&name, meta.size_bytes) {
            return Ok(Some(file));
        }
        let lock = name.bytes().fold(0, |sum, b| sum + usize::from(b)) % LOCKS;
        let _turn = match cache.locks.get(lock) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        if let Some(file) = cache.find(&name, meta.size_bytes) {
            return Ok(Some(file));
        }
        match self.fetch(cache, &meta).await {
            Ok(file) => Ok(Some(file)),
            Err(Failed::Store(error)) => Err(error),
            Err(Failed::Folder(error)) => {
                tracing::warn!(%error, "no blob can be kept as a file: it is read by ranges");
                Ok(None)
            }
        }
    }

    async fn fetch(&self, cache: &FileCache, meta: &BlobMeta) -> Result<File, Failed> {
        let blob = self.read(&meta.path, None).await.map_err(Failed::Store)?;
        // It may have been replaced since.
        let meta = blob.meta;
        if meta.size_bytes > cache.max_bytes {
            return Err(Failed::Folder(io::ErrorKind::StorageFull.into()));
        }
        let (mut file, path) = cache.begin(meta.size_bytes).map_err(Failed::Folder)?;
        let unfinished = Unfinished(Some(path));
        let mut body = blob.body.0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|e| Failed::Store(BlobError::Unavailable(e.into())))?;
            file = tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file))
                .await
                .map_err(|e| Failed::Folder(e.into()))?
                .map_err(Failed::Folder)?;
        }
        drop(file);
        let path = cache.dir.join(name_of(&meta));
        unfinished.finish(&path).map_err(Failed::Folder)?;
        // Opened anew, to be read only, and from its beginning.
        File::open(&path).map_err(Failed::Folder)
    }
}
