//! The folder of feeds on a disk that is lost from time to time, and its copy as blobs: what publishers said of their
//! documents' versions has to outlive the disk, or every document would be asked for anew.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use futures::{StreamExt, TryStreamExt, stream};
use platform::{Body, Platform};
use records::feed_mirror::{FeedMirror, MirrorLease, MirroredFile};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use crate::{HandlerError, advise::aside};

/// Files that are on their way at the same time: most are small, and a request takes some tens of milliseconds.
const AT_ONCE: usize = 32;
/// Where this instance notes what its disk has of the copy, in the folder.
const NOTES: &str = "mirror.json";
/// The state of the folder's update: stored last, so that it never speaks of a document that is not there.
const STATE: &str = "state.json";
/// What is kept beside it.
const KEPT: [&str; 2] = ["documents", "held"];

/// What the disk has of one file's blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    etag: String,
    size_bytes: u64,
    modified_ns: u64,
}

type Notes = BTreeMap<String, Note>;

/// A folder whose copy this instance alone writes.
#[derive(Debug)]
pub(crate) struct Mirror<'a> {
    platform: &'a Platform,
    folder: &'a Path,
    notes: Notes,
    lease: MirrorLease,
}

impl<'a> Mirror<'a> {
    /// Takes the copy for an update, and brings the folder to its state.
    pub(crate) async fn open(
        platform: &'a Platform,
        folder: &'a Path,
    ) -> Result<Self, HandlerError> {
        let Some(lease) = FeedMirror(platform).lease().await? else {
            return Err(HandlerError::Later(
                "another instance updates the feeds".into(),
            ));
        };
        match restore(platform, folder).await {
            Ok(notes) => Ok(Self {
                platform,
                folder,
                notes,
                lease,
            }),
            Err(error) => {
                give_back(platform, lease).await;
                Err(error)
            }
        }
    }

    /// Stores what changed in the folder, and lets others have the copy.
    pub(crate) async fn close(mut self) -> Result<(), HandlerError> {
        let stored = self.store().await;
        give_back(self.platform, self.lease).await;
        stored
    }

    async fn store(&mut self) -> Result<(), HandlerError> {
        let folder = self.folder.to_owned();
        let files = aside(move || files(&folder).map_err(disk)).await?;
        let changed: Vec<_> = files
            .iter()
            .filter(|(path, (size_bytes, modified_ns))| {
                self.notes.get(*path).is_none_or(|note| {
                    (note.size_bytes, note.modified_ns) != (*size_bytes, *modified_ns)
                })
            })
            .map(|(path, (size_bytes, modified_ns))| (path.clone(), *size_bytes, *modified_ns))
            .collect();
        let (state, documents): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|(path, ..)| path == STATE);
        for part in [documents, state] {
            let puts = part.into_iter().map(|(path, size_bytes, modified_ns)| {
                let (platform, file) = (self.platform, self.folder.join(&path));
                async move {
                    let file = tokio::fs::File::open(file).await.map_err(disk)?;
                    let body = Body::stream(ReaderStream::with_capacity(file, 256 << 10));
                    let etag = FeedMirror(platform).put(&path, body).await?;
                    let note = Note {
                        etag,
                        size_bytes,
                        modified_ns,
                    };
                    Ok::<_, HandlerError>((path, note))
                }
            });
            let mut puts = stream::iter(puts).buffer_unordered(AT_ONCE);
            while let Some((path, note)) = puts.try_next().await? {
                self.notes.insert(path, note);
            }
        }
        let gone: Vec<_> = self
            .notes
            .keys()
            .filter(|path| !files.contains_key(*path))
            .cloned()
            .collect();
        for path in gone {
            FeedMirror(self.platform).delete(&path).await?;
            self.notes.remove(&path);
        }
        write_notes(self.folder, &self.notes)
    }
}

async fn give_back(platform: &Platform, lease: MirrorLease) {
    if let Err(error) = FeedMirror(platform).give_back(lease).await {
        // It ends by itself.
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the folder of feeds could not be given back");
    }
}

/// Brings a folder to the state of its copy.
pub(crate) async fn restore_only(platform: &Platform, folder: &Path) -> Result<(), HandlerError> {
    restore(platform, folder).await.map(drop)
}

async fn restore(platform: &Platform, folder: &Path) -> Result<Notes, HandlerError> {
    fs::create_dir_all(folder).map_err(disk)?;
    let mut notes = read_notes(folder);
    let listed = FeedMirror(platform).list().await?;
    let listed: BTreeMap<_, _> = listed
        .into_iter()
        .filter(|file| is_kept(&file.path))
        .map(|file| (file.path.clone(), file))
        .collect();
    for path in notes.keys() {
        if !listed.contains_key(path) {
            match fs::remove_file(folder.join(path)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(disk(error));
                }
                _ => {}
            }
        }
    }
    notes.retain(|path, _| listed.contains_key(path));
    let missing: Vec<_> = listed
        .into_values()
        .filter(|file| !is_there(folder, file, notes.get(&file.path)))
        .collect();
    let fetches = missing
        .into_iter()
        .map(|file| fetch(platform, folder, file.path));
    let mut fetched = stream::iter(fetches).buffer_unordered(AT_ONCE);
    let mut number = 0;
    while let Some(one) = fetched.try_next().await? {
        if let Some((path, note)) = one {
            notes.insert(path, note);
            number += 1;
        }
    }
    drop(fetched);
    if number > 0 {
        tracing::info!(files = number, "documents of feeds were restored");
    }
    write_notes(folder, &notes)?;
    Ok(notes)
}

/// Reads one file of the copy; `None` when it is gone.
async fn fetch(
    platform: &Platform,
    folder: &Path,
    path: String,
) -> Result<Option<(String, Note)>, HandlerError> {
    let Some((known, body)) = FeedMirror(platform).get(&path).await? else {
        return Ok(None);
    };
    let target = folder.join(&path);
    let parent = target.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(disk)?;
    // Beside the folder's documents: what is half there must not be read as one.
    let part = tempfile::NamedTempFile::new_in(folder).map_err(disk)?;
    let mut file = tokio::fs::File::from_std(part.reopen().map_err(disk)?);
    let mut body = body.0;
    while let Some(chunk) = body.try_next().await.map_err(disk)? {
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    part.persist(&target).map_err(|error| disk(error.error))?;
    let (size_bytes, modified_ns) = facts(&fs::metadata(&target).map_err(disk)?);
    if size_bytes != known.size_bytes {
        return Err(HandlerError::retry("a document of the feeds broke off"));
    }
    let note = Note {
        etag: known.etag,
        size_bytes,
        modified_ns,
    };
    Ok(Some((path, note)))
}

/// Whether the disk has a file of its copy, or what an update made of it that ended before it could store it.
fn is_there(folder: &Path, file: &MirroredFile, note: Option<&Note>) -> bool {
    note.is_some_and(|note| note.etag == file.etag && folder.join(&file.path).is_file())
}

fn is_kept(path: &str) -> bool {
    path == STATE
        || path
            .split_once('/')
            .is_some_and(|(first, _)| KEPT.contains(&first))
}

/// Size in bytes and time of the last change in nanoseconds since 1970.
fn facts(found: &fs::Metadata) -> (u64, u64) {
    let modified = found.modified().ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let ns = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
    (found.len(), ns.unwrap_or_default())
}

/// Files of a folder that are kept, by their path in it.
fn files(folder: &Path) -> std::io::Result<BTreeMap<String, (u64, u64)>> {
    let mut found = BTreeMap::new();
    let mut left: Vec<(PathBuf, String)> = Vec::new();
    for kept in KEPT {
        left.push((folder.join(kept), kept.to_owned()));
    }
    if let Ok(state) = fs::metadata(folder.join(STATE)) {
        found.insert(STATE.to_owned(), facts(&state));
    }
    while let Some((path, name)) = left.pop() {
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            // The update makes names of plain characters only.
            let Some(file) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            let name = format!("{name}/{file}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                left.push((entry.path(), name));
            } else if kind.is_file() {
                found.insert(name, facts(&entry.metadata()?));
            }
        }
    }
    Ok(found)
}

/// What was noted; nothing when that cannot be read, so that everything is read anew.
fn read_notes(folder: &Path) -> Notes {
    let read = fs::read(folder.join(NOTES)).ok();
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn write_notes(folder: &Path, notes: &Notes) -> Result<(), HandlerError> {
    let bytes = serde_json::to_vec(notes).map_err(|error| HandlerError::Retry(error.into()))?;
    fs::write(folder.join(NOTES), bytes).map_err(disk)
}

fn disk(error: std::io::Error) -> HandlerError {
    HandlerError::Retry(error.into())
}
