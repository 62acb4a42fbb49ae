//! Copies of a store: whole, of one moment, taken while its server runs, and put back later.
//!
//! ```text
//! BACKUP/backup.json   what is in it; written last, so that a folder without it is no backup
//! BACKUP/store.sqlite  the database, as it was at one moment
//! BACKUP/blobs/XX/…    every file that this database names
//! BACKUP/keys/…        key material: whoever has the backup can sign as the site does
//! ```
//!
//! The database is copied in one transaction, so it is of one moment, and then the files that it names. These never change;
//! a server that replaces a blob meanwhile keeps the former file until the backup is done.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::blob_files::{Hold, make_private_folder, sync_folder};
use super::{from_stored, schema};

/// Version of a backup's form.
const VERSION: u32 = 1;
/// Largest `backup.json` that is read, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

const MANIFEST: &str = "backup.json";
const STORE: &str = "store.sqlite";
const BLOBS: &str = "blobs";
const KEYS: &str = "keys";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of its form, 1.
    pub version: u32,
    /// Version of Bulkhead that made it.
    pub software: String,
    /// When, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// Number of records.
    pub items: u64,
    /// Number of messages and dead letters.
    pub messages: u64,
    /// Number of blobs.
    pub blobs: u64,
    /// Their size together, in bytes.
    pub blob_bytes: u64,
    /// SHA-256 of the database, as hex.
    pub store_sha256: String,
    /// SHA-256 of each file of keys, as hex.
    pub keys: BTreeMap<String, String>,
}

/// Why a backup could not be made, read or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no store in the folder.
    #[error("there is no store in {0:?}")]
    NoStore(PathBuf),
    /// Something is there already, and nothing is written over.
    #[error("{0:?} is not empty: give a folder that is empty or not there")]
    NotEmpty(PathBuf),
    /// A file could not be read or written.
    #[error("cannot read or write {0:?}")]
    File(PathBuf, #[source] io::Error),
    /// The database could not be copied or read.
    #[error("cannot copy or read the database {0:?}")]
    Database(PathBuf, #[source] rusqlite::Error),
    /// Another backup of the same store is under way.
    #[error("another backup of {0:?} is under way")]
    UnderWay(PathBuf),
    /// The store lacks a file that its database names.
    #[error("the store is damaged: its database names {0:?}, which is not there")]
    Missing(PathBuf),
    /// The folder is no backup, or one that was not finished.
    #[error(
        "{0:?} is no backup, or one that was not finished: it has no `backup.json` that can be read"
    )]
    NoBackup(PathBuf),
    /// The backup was made by a later release.
    #[error(
        "the backup has form {found}, this release knows {known}: use the release that made it"
    )]
    Later {
        /// The form found.
        found: i64,
        /// The form known.
        known: i64,
    },
    /// The backup is damaged.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
}

impl Named {
    /// Its file in the folder of a store or of a backup.
    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(BLOBS).join(&self.file)
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    |error| BackupError::File(path.to_owned(), error)
}

/// A blob that a database names.
struct Named {
    file: String,
    size_bytes: u64,
    sha256: String,
}

/// Copies the store in `data`, whether or not its server runs, to the folder `to`, and reads back what was written.
///
/// # Errors
/// [`BackupError::NotEmpty`] when something is in `to`, and what could
/// not be read or written; what is in `to` then is no backup.
pub fn back_up(
    data: &Path,
    to: &Path,
    software: &str,
    now_ms: u64,
) -> Result<Manifest, BackupError> {
    let store = data.join(STORE);
    if !store.is_file() {
        return Err(BackupError::NoStore(data.to_owned()));
    }
    must_be_empty(to)?;
    make_folders(to)?;
    let hold = Hold::take(&data.join(BLOBS))
        .map_err(file_error(data))?
        .ok_or_else(|| BackupError::UnderWay(data.to_owned()))?;
    copy_database(&store, &to.join(STORE))?;
    let named = named(&to.join(STORE))?;
    for blob in &named {
        copy_new(&blob.path(data), &blob.path(to)).map_err(|error| match error {
            BackupError::File(path, error) if error.kind() == io::ErrorKind::NotFound => {
                BackupError::Missing(path)
            }
            other => other,
        })?;
    }
    drop(hold);
    // Keys never change once they are there, so those of now open all of that moment.
    let keys = copy_keys(data, to)?;
    let copy = to.join(STORE);
    let connection = open(&copy)?;
    let manifest = Manifest {
        version: VERSION,
        software: software.to_owned(),
        made_at_ms: now_ms,
        items: count(&connection, &copy, "items")?,
        messages: count(&connection, &copy, "messages")?
            + count(&connection, &copy, "dead_letters")?,
        blobs: named.len() as u64,
        blob_bytes: named.iter().map(|blob| blob.size_bytes).sum(),
        store_sha256: hash(&copy)?.1,
        keys,
    };
    drop(connection);
    check(to, &manifest)?;
    sync(to)?;
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| BackupError::File(to.join(MANIFEST), error.into()))?;
    write_new(&to.join(MANIFEST), text.as_slice())?;
    sync_folder(to).map_err(file_error(to))?;
    Ok(manifest)
}

/// Reads a whole backup: the database, every blob against its digest, the keys.
///
/// # Errors
/// [`BackupError::NoBackup`], [`BackupError::Later`] and [`BackupError::Damaged`].
pub fn verify(backup: &Path) -> Result<Manifest, BackupError> {
    let no_backup = || BackupError::NoBackup(backup.to_owned());
    let mut text = Vec::new();
    File::open(backup.join(MANIFEST))
        .map_err(|_| no_backup())?
        .take(MAX_MANIFEST_BYTES)
        .read_to_end(&mut text)
        .map_err(|_| no_backup())?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| no_backup())?;
    if manifest.version > VERSION {
        return Err(BackupError::Later {
            found: manifest.version.into(),
            known: VERSION.into(),
        });
    }
    check(backup, &manifest)?;
    Ok(manifest)
}

/// Puts a backup back as the store in `data`, after it was verified. The store appears at once and whole.
///
/// # Errors
/// [`BackupError::NotEmpty`] when something is in `data`, and as [`verify`].
pub fn restore(backup: &Path, data: &Path) -> Result<Manifest, BackupError> {
    must_be_empty(data)?;
    let manifest = verify(backup)?;
    let name = data
        .file_name()
        .ok_or_else(|| BackupError::NotEmpty(data.to_owned()))?;
    let part = data.with_file_name(format!("{}.restoring", name.to_string_lossy()));
    // What an earlier attempt left was never a store.
    if part.exists() {
        fs::remove_dir_all(&part).map_err(file_error(&part))?;
    }
    make_folders(&part)?;
    copy_new(&backup.join(STORE), &part.join(STORE))?;
    for blob in named(&part.join(STORE))? {
        copy_new(&blob.path(backup), &blob.path(&part))?;
    }
    copy_keys(backup, &part)?;
    // The copy is read again: what is put in use is what was verified.
    check(&part, &manifest)?;
    sync(&part)?;
    // Renaming replaces an empty folder, and no other.
    fs::rename(&part, data).map_err(file_error(data))?;
    if let Some(parent) = data
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        sync_folder(parent).map_err(file_error(parent))?;
    }
    Ok(manifest)
}

/// The folders for files of blobs.
fn shards(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let blobs = folder.join(BLOBS);
    (0..=u8::MAX).map(move |shard| blobs.join(format!("{shard:02x}")))
}

fn make_folders(folder: &Path) -> Result<(), BackupError> {
    for folder in shards(folder).chain([folder.join(KEYS)]) {
        make_private_folder(&folder).map_err(file_error(&folder))?;
    }
    Ok(())
}

/// Makes the names of all files durable.
fn sync(folder: &Path) -> Result<(), BackupError> {
    let above = [folder.join(BLOBS), folder.join(KEYS), folder.to_owned()];
    for folder in shards(folder).chain(above) {
        sync_folder(&folder).map_err(file_error(&folder))?;
    }
    Ok(())
}

fn must_be_empty(folder: &Path) -> Result<(), BackupError> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(BackupError::NotEmpty(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::File(folder.to_owned(), error)),
    }
}

/// Copies the database as it is at one moment, whoever writes to it.
fn copy_database(store: &Path, copy: &Path) -> Result<(), BackupError> {
    // Made beforehand, for its owner alone: SQLite takes an empty file as a new database.
    write_new(copy, &[][..])?;
    let name = copy
        .to_str()
        .ok_or_else(|| BackupError::File(copy.to_owned(), io::ErrorKind::InvalidFilename.into()))?;
    open(store)?
        .execute("VACUUM INTO ?1", [name])
        .map_err(|error| BackupError::Database(store.to_owned(), error))?;
    // SQLite leaves that to the system's own time.
    File::open(copy)
        .and_then(|file| file.sync_all())
        .map_err(file_error(copy))
}

fn open(store: &Path) -> Result<Connection, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(store, flags)
        .map_err(|error| BackupError::Database(store.to_owned(), error))
}

fn count(connection: &Connection, store: &Path, table: &str) -> Result<u64, BackupError> {
    connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .map(i64::unsigned_abs)
        .map_err(|error| BackupError::Database(store.to_owned(), error))
}

/// The blobs that a database names.
fn named(store: &Path) -> Result<Vec<Named>, BackupError> {
    let connection = open(store)?;
    let read = || {
        connection
            .prepare("SELECT file, size_bytes, etag FROM blobs")?
            .query_map([], |row| {
                Ok(Named {
                    file: row.get(0)?,
                    size_bytes: from_stored(row.get(1)?),
                    sha256: row.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    let named = read().map_err(|error| BackupError::Database(store.to_owned(), error))?;
    match named.iter().find(|blob| !is_blob_file(&blob.file)) {
        Some(blob) => Err(BackupError::Damaged(format!(
            "its database names the file {:?}",
            blob.file
        ))),
        None => Ok(named),
    }
}

/// Whether a name is one that files of blobs have, so that none leads out of their folder.
fn is_blob_file(name: &str) -> bool {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    name.split_once('/').is_some_and(|(shard, file)| {
        shard.len() == 2
            && is_hex(shard)
            && file
                .split_once('-')
                .is_some_and(|(opened, number)| is_hex(opened) && is_hex(number))
    })
}

/// Copies the files of keys, and returns their digests.
fn copy_keys(from: &Path, to: &Path) -> Result<BTreeMap<String, String>, BackupError> {
    let folder = from.join(KEYS);
    let mut digests = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(file_error(&folder))? {
        let entry = entry.map_err(file_error(&folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".key") {
            let target = to.join(KEYS).join(&name);
            copy_new(&entry.path(), &target)?;
            digests.insert(name, hash(&target)?.1);
        }
    }
    Ok(digests)
}

/// Copies to a file that is new, for its owner alone, and durable.
fn copy_new(from: &Path, to: &Path) -> Result<(), BackupError> {
    let source = File::open(from).map_err(file_error(from))?;
    write_new(to, source)
}

fn write_new(to: &Path, mut from: impl Read) -> Result<(), BackupError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(file_error(to))?;
    io::copy(&mut from, &mut file)
        .and_then(|_| file.flush())
        .and_then(|()| file.sync_all())
        .map_err(file_error(to))
}

/// Size and SHA-256 of a file.
fn hash(path: &Path) -> Result<(u64, String), BackupError> {
    let mut file = File::open(path).map_err(file_error(path))?;
    let mut hash = Sha256::new();
    let mut size_bytes = 0;
    let mut chunk = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut chunk).map_err(file_error(path))?;
        if read == 0 {
            return Ok((size_bytes, hex::encode(hash.finalize())));
        }
        size_bytes += read as u64;
        hash.update(chunk.get(..read).unwrap_or_default());
    }
}

/// Compares what is in a folder with what is said of it.
fn check(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let damaged = |what: String| Err(BackupError::Damaged(what));
    let store = folder.join(STORE);
    if hash(&store)?.1 != manifest.store_sha256 {
        return damaged("its database has another digest".to_owned());
    }
    let database = |error| BackupError::Database(store.clone(), error);
    let connection = open(&store)?;
    let layout: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(database)?;
    if layout > schema::VERSION {
        return Err(BackupError::Later {
            found: layout,
            known: schema::VERSION,
        });
    }
    let sound: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(database)?;
    if sound != "ok" {
        return damaged(format!("its database is not sound: {sound}"));
    }
    drop(connection);
    let named = named(&store)?;
    if named.len() as u64 != manifest.blobs {
        return damaged("its database names another number of blobs".to_owned());
    }
    for blob in named {
        let path = blob.path(folder);
        if hash(&path)? != (blob.size_bytes, blob.sha256) {
            return damaged(format!("{} is not what it was", path.display()));
        }
    }
    for (name, sha256) in &manifest.keys {
        if name.contains(['/', '\\']) || hash(&folder.join(KEYS).join(name))?.1 != *sha256 {
            return damaged(format!("the key {name} is not what it was"));
        }
    }
    Ok(())
}
