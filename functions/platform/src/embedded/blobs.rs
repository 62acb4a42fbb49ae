//! Blobs: what is known of them in SQLite, their content in files.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::blob_files::{BlobFiles, NewFile};
use super::query::successor;
use super::store::{Store, StoreError};
use super::{OpenError, from_stored, to_stored, uploads};
use crate::ports::blobs::{MAX_LIST, MAX_PATH_BYTES, is_path_byte};
use crate::ports::{
    Blob, BlobCondition, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, Clock, Cursor,
    MacKey, PutOptions, UploadRequest, UploadTicket,
};

/// Bytes that are gathered before they are written, and below which a blob is read at once.
const CHUNK: usize = 256 * 1024;
/// Bytes up to which a blob is read on the caller's thread: handing it from thread to thread would take longer.
const SMALL: u64 = 16 * 1024;

/// The blobs of one embedded store.
pub(crate) struct EmbeddedBlobs {
    store: Arc<Store>,
    files: Arc<BlobFiles>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ticket_key: MacKey,
}

impl From<StoreError> for BlobError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(_) => Self::NoRoom(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

fn io_error(error: io::Error) -> BlobError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            BlobError::NoRoom(error.into())
        }
        _ => BlobError::Unavailable(error.into()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| BlobError::Unavailable(e.into()))?
        .map_err(io_error)
}

/// A body on disk.
struct Written {
    file: String,
    size_bytes: u64,
    etag: String,
}

/// A row of a blob: its file, and what is known of it.
struct Known {
    file: String,
    meta: BlobMeta,
}

impl EmbeddedBlobs {
    pub(crate) fn new(
        store: Arc<Store>,
        files: BlobFiles,
        clock: Arc<dyn Clock>,
        ticket_key: MacKey,
    ) -> Self {
        Self {
            store,
            files: Arc::new(files),
            clock,
            ticket_key,
        }
    }

    /// Removes the files that a crash has left over. Nothing may be written meanwhile.
    pub(crate) fn sweep(&self, dir: &Path) -> Result<(), OpenError> {
        let file = dir.join("store.sqlite");
        let named = self
            .store
            .read_now(|connection| {
                connection
                    .prepare("SELECT file FROM blobs")?
                    .query_map([], |row| row.get(0))?
                    .collect::<rusqlite::Result<HashSet<String>>>()
            })
            .map_err(|source| OpenError::Database { file, source })?;
        let removed = self
            .files
            .sweep(&named)
            .map_err(|source| OpenError::Folder {
                folder: dir.join("blobs"),
                source,
            })?;
        if removed > 0 {
            tracing::info!(removed, "removed blob files left over from a crash");
        }
        Ok(())
    }

    /// Writes a body to a file of its own.
    async fn write(&self, mut body: Body, options: &PutOptions) -> Result<Written, BlobError> {
        let mut hash = Sha256::new();
        let mut size_bytes = 0_u64;
        let mut waiting = BytesMut::new();
        let mut file: Option<NewFile> = None;
        while let Some(chunk) = body.0.next().await {
            let chunk = chunk.map_err(BlobError::Body)?;
            size_bytes = size_bytes.saturating_add(chunk.len() as u64);
            if let Some(limit) = options.max_bytes
                && size_bytes > limit
            {
                return Err(BlobError::TooLarge {
                    what: "blob in bytes",
                    size: size_bytes,
                    limit,
                });
            }
            hash.update(&chunk);
            waiting.extend_from_slice(&chunk);
            if waiting.len() >= CHUNK {
                file = Some(self.append(file, waiting.split().freeze()).await?);
            }
        }
        let sha256: [u8; 32] = hash.finalize().into();
        if options.sha256.is_some_and(|announced| announced != sha256) {
            return Err(BlobError::ChecksumMismatch);
        }
        let (files, rest) = (Arc::clone(&self.files), waiting.freeze());
        let file = blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => files.create()?,
            };
            file.write(&rest)?;
            file.finish()
        })
        .await?;
        Ok(Written {
            file,
            size_bytes,
            etag: hex::encode(sha256),
        })
    }

    async fn append(&self, file: Option<NewFile>, bytes: Bytes) -> Result<NewFile, BlobError> {
        let files = Arc::clone(&self.files);
        blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => files.create()?,
            };
            file.write(&bytes)?;
            Ok(file)
        })
        .await
    }

    /// What is known of a blob, with its file open.
    async fn open(&self, path: &BlobPath) -> Result<(BlobMeta, File), BlobError> {
        let (path, files) = (path.clone(), Arc::clone(&self.files));
        self.store
            .read(move |connection| {
                // The file of a row that was read may be replaced and removed before it is opened.
                for _ in 0..8 {
                    let known = known(connection, &path)
                        .map_err(StoreError::from)?
                        .ok_or(BlobError::NotFound)?;
                    match File::open(files.path(&known.file)) {
                        Ok(file) => return Ok((known.meta, file)),
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(io_error(error)),
                    }
                }
                Err(BlobError::Unavailable(
                    "the file of the blob is missing".into(),
                ))
            })
            .await
    }

    /// A small blob, read at once; `None` when it is larger, or was replaced meanwhile.
    async fn glance(&self, path: &BlobPath) -> Result<Option<Blob>, BlobError> {
        let known = self
            .store
            .glance(|connection| {
                Ok::<_, BlobError>(known(connection, path).map_err(StoreError::from)?)
            })
            .await?;
        let Known { file, meta } = known.ok_or(BlobError::NotFound)?;
        if meta.size_bytes > SMALL {
            return Ok(None);
        }
        let bytes = match std::fs::read(self.files.path(&file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(error)),
        };
        if bytes.len() as u64 != meta.size_bytes {
            return Err(BlobError::Unavailable("the file of the blob is cut".into()));
        }
        Ok(Some(Blob {
            meta,
            body: bytes.into(),
        }))
    }

    /// A part of an open file as a body.
    async fn body(mut file: File, range: Range<u64>) -> Result<Body, BlobError> {
        let length = range.end.saturating_sub(range.start);
        if length <= CHUNK as u64 {
            let bytes = blocking(move || {
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(range.start))?;
                file.take(length).read_to_end(&mut bytes)?;
                Ok(bytes)
            })
            .await?;
            if bytes.len() as u64 != length {
                return Err(BlobError::Unavailable("the file of the blob is cut".into()));
            }
            return Ok(bytes.into());
        }
        let file = blocking(move || {
            file.seek(SeekFrom::Start(range.start))?;
            Ok(file)
        })
        .await?;
        let reader = tokio::fs::File::from_std(file).take(length);
        Ok(Body::stream(ReaderStream::with_capacity(reader, CHUNK)))
    }
}

#[async_trait]
impl Blobs for EmbeddedBlobs {
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        let written = self.write(body, &options).await?;
        let file = written.file.clone();
        let meta = BlobMeta {
            path: path.clone(),
            size_bytes: written.size_bytes,
            etag: written.etag,
            modified_at_ms: self.clock.now_ms(),
        };
        let new = meta.clone();
        let condition = options.condition;
        // When the commit's fate is unknown the file stays, for the row may name it; the next sweep
        // decides.
        let result = self
            .store
            .write(move |connection| {
                let stored = known(connection, &new.path)?;
                let holds = match &condition {
                    BlobCondition::None => true,
                    BlobCondition::IfNotExists => stored.is_none(),
                    BlobCondition::IfMatch(etag) => {
                        stored.as_ref().is_some_and(|s| s.meta.etag == *etag)
                    }
                };
                if !holds {
                    return Ok(Err(BlobError::ConditionFailed));
                }
                connection
                    .prepare_cached("INSERT OR REPLACE INTO blobs VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![
                        new.path.as_str(),
                        file,
                        to_stored(new.size_bytes),
                        new.etag,
                        to_stored(new.modified_at_ms)
                    ])?;
                Ok(Ok(stored.map(|s| s.file)))
            })
            .await?;
        let (files, is_stored) = (Arc::clone(&self.files), result.is_ok());
        let unused = match result {
            Ok(former) => former,
            Err(_) => Some(written.file),
        };
        if let Some(unused) = unused {
            blocking(move || {
                files.remove(&unused);
                Ok(())
            })
            .await?;
        }
        if is_stored {
            Ok(meta)
        } else {
            Err(BlobError::ConditionFailed)
        }
    }

    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        if let Some(small) = self.glance(path).await? {
            return Ok(small);
        }
        let (meta, file) = self.open(path).await?;
        let body = Self::body(file, 0..meta.size_bytes).await?;
        Ok(Blob { meta, body })
    }

    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        let (meta, file) = self.open(path).await?;
        let end = range.end.min(meta.size_bytes);
        if range.start >= end {
            return Err(BlobError::Range {
                size_bytes: meta.size_bytes,
            });
        }
        let body = Self::body(file, range.start..end).await?;
        Ok(Blob { meta, body })
    }

    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        self.store
            .glance(|connection| {
                Ok(known(connection, path)
                    .map_err(StoreError::from)?
                    .map(|known| known.meta))
            })
            .await
    }

    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        let path = path.clone();
        let file = self
            .store
            .write(move |connection| {
                let file: Option<String> = connection
                    .prepare_cached("DELETE FROM blobs WHERE path = ?1 RETURNING file")?
                    .query_row(params![path.as_str()], |row| row.get(0))
                    .optional()?;
                Ok(Ok::<_, BlobError>(file))
            })
            .await??;
        let files = Arc::clone(&self.files);
        if let Some(file) = file {
            blocking(move || {
                files.remove(&file);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        let fits = |text: &str| {
            text.len() <= MAX_PATH_BYTES && text.bytes().all(|b| is_path_byte(b) || b == b'/')
        };
        let after = cursor.map_or("", |cursor| cursor.0.as_str());
        if !fits(prefix) || !fits(after) {
            return Err(BlobError::Invalid("a prefix of no path".to_owned()));
        }
        if limit == 0 {
            return Err(BlobError::Invalid("a page of no blobs".to_owned()));
        }
        let limit = limit.min(MAX_LIST);
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        self.store
            .read(move |connection| {
                let blobs = list(connection, &prefix, &after, limit).map_err(StoreError::from)?;
                let full = blobs.len() == limit as usize;
                let next = blobs
                    .last()
                    .filter(|_| full)
                    .map(|meta| Cursor(meta.path.as_str().to_owned()));
                Ok(BlobPage { blobs, next })
            })
            .await
    }

    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        uploads::make_ticket(&self.ticket_key, self.clock.now_ms(), path, request)
    }

    async fn download_url(
        &self,
        _path: &BlobPath,
        _expires_in_s: u64,
        _file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn open_file(&self, path: &BlobPath) -> Result<Option<File>, BlobError> {
        let (_, file) = self.open(path).await?;
        Ok(Some(file))
    }
}

fn known_of(row: &Row<'_>) -> rusqlite::Result<Known> {
    let path: String = row.get(0)?;
    let path = BlobPath::parse(path).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into())
    })?;
    Ok(Known {
        file: row.get(1)?,
        meta: BlobMeta {
            path,
            size_bytes: from_stored(row.get(2)?),
            etag: row.get(3)?,
            modified_at_ms: from_stored(row.get(4)?),
        },
    })
}

fn known(connection: &Connection, path: &BlobPath) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT path, file, size_bytes, etag, modified_at_ms FROM blobs WHERE path = ?1",
        )?
        .query_row(params![path.as_str()], known_of)
        .optional()
}

fn list(
    connection: &Connection,
    prefix: &str,
    after: &str,
    limit: u32,
) -> rusqlite::Result<Vec<BlobMeta>> {
    // Above every path, for a prefix that has no successor.
    let end = successor(prefix).unwrap_or_else(|| "\u{10FFFF}".to_owned());
    connection
        .prepare_cached(
            "SELECT path, file, size_bytes, etag, modified_at_ms FROM blobs
             WHERE path >= ?1 AND path < ?2 AND path > ?3 ORDER BY path LIMIT ?4",
        )?
        .query_map(params![prefix, end, after, limit], known_of)?
        .map(|known| known.map(|known| known.meta))
        .collect()
}
