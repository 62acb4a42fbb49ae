//! What all repositories share: patient reads and writes, records as JSON, documents as compressed JSON.

use std::cell::RefCell;

use platform::{
    BlobCondition, BlobError, BlobPath, Condition, Cursor, Item, Key, Page, Platform, PutOptions,
    SortRange, TableError, patience::patiently, table::MAX_GET_MANY,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::RecordError;

/// First bytes of a zstd frame. Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A record's JSON above this many bytes is compressed.
const COMPRESS_ABOVE: usize = 2048;
/// Most bytes of a record's JSON.
const MAX_RECORD_BYTES: u64 = 32 * 1024 * 1024;
/// Most bytes of a document as it is stored.
pub(crate) const MAX_STORED_BYTES: usize = 128 * 1024 * 1024;
/// Most bytes of a document's JSON.
pub(crate) const MAX_DOCUMENT_BYTES: u64 = 512 * 1024 * 1024;
/// Level of compression: speed matters more than the last tenth.
const LEVEL: i32 = 1;
/// Documents below this many stored bytes are read in place, larger ones on a thread for such work.
const SMALL: usize = 16 * 1024;
/// What says that it unfolds to at most as many bytes is unfolded in one step.
const AT_ONCE_BYTES: u64 = 1 << 20;
/// How often a change that others got in the way of is tried again.
pub(crate) const ATTEMPTS: usize = 16;

/// A record with a version of its form.
pub(crate) trait Stored: Serialize + DeserializeOwned {
    /// What it is, for people.
    const WHAT: &'static str;
    /// The version that this release writes, and the latest it reads.
    const VERSION: u32;
    /// The version it has.
    fn version(&self) -> u32;
}

/// Declares records whose field `version` is their form's version.
macro_rules! stored {
    ($($type:ty: $what:literal $version:expr;)+) => {
        $(impl crate::store::Stored for $type {
            const WHAT: &'static str = $what;
            const VERSION: u32 = $version;
            fn version(&self) -> u32 {
                self.version
            }
        })+
    };
}
pub(crate) use stored;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The records; may be empty although there is a cursor.
    pub records: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// What became of a conditional write.
#[derive(Debug)]
pub(crate) enum Put {
    /// It is stored, now or by an earlier attempt whose acknowledgement was lost.
    Written,
    /// The condition did not hold.
    Held,
}

pub(crate) fn compress(bytes: &[u8], what: &'static str) -> Result<Vec<u8>, RecordError> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|error| RecordError::Compressed(what, error))
}

pub(crate) fn decompress(
    bytes: &[u8],
    limit_bytes: u64,
    what: &'static str,
) -> Result<Vec<u8>, RecordError> {
    use std::io::Read as _;
    if let Some(out) = decompress_at_once(bytes, limit_bytes) {
        return Ok(out);
    }
    let damaged = |error| RecordError::Compressed(what, error);
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(6).min(1 << 26));
    zstd::stream::read::Decoder::with_buffer(bytes)
        .map_err(damaged)?
        .take(limit_bytes.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(damaged)?;
    if out.len() as u64 > limit_bytes {
        return Err(RecordError::TooLarge { what, limit_bytes });
    }
    Ok(out)
}

thread_local! {
    /// Kept by each thread: to make one anew takes longer than to unfold what is small.
    static UNFOLDER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// What says of itself that it is small, unfolded in one step; `None` for all else, and for what is damaged.
fn decompress_at_once(bytes: &[u8], limit_bytes: u64) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok()??;
    if size > AT_ONCE_BYTES.min(limit_bytes) {
        return None;
    }
    let size = usize::try_from(size).ok()?;
    UNFOLDER.with_borrow_mut(|kept| {
        let unfolder = match kept {
            Some(unfolder) => unfolder,
            None => kept.insert(zstd::bulk::Decompressor::new().ok()?),
        };
        unfolder.decompress(bytes, size).ok()
    })
}

/// The bytes of a record.
pub(crate) fn encode<T: Stored>(record: &T) -> Result<Vec<u8>, RecordError> {
    let json = serde_json::to_vec(record).map_err(|e| RecordError::Damaged(T::WHAT, e))?;
    if json.len() > COMPRESS_ABOVE {
        compress(&json, T::WHAT)
    } else {
        Ok(json)
    }
}

/// The record in these bytes.
pub(crate) fn decode<T: Stored>(bytes: &[u8]) -> Result<T, RecordError> {
    checked(decode_json(bytes, T::WHAT)?)
}

/// What is in the bytes of a record, whatever version it has.
pub(crate) fn decode_json<T: DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, RecordError> {
    let parsed = if bytes.starts_with(&ZSTD_MAGIC) {
        let json = decompress(bytes, MAX_RECORD_BYTES, what)?;
        serde_json::from_slice(&json)
    } else {
        serde_json::from_slice(bytes)
    };
    parsed.map_err(|e| RecordError::Damaged(what, e))
}

/// The records in these items.
pub(crate) fn decode_all<T: Stored>(items: &[Item]) -> Result<Vec<T>, RecordError> {
    items.iter().map(|item| decode(&item.value)).collect()
}

fn checked<T: Stored>(record: T) -> Result<T, RecordError> {
    if record.version() > T::VERSION {
        return Err(RecordError::Later {
            what: T::WHAT,
            found: record.version(),
            known: T::VERSION,
        });
    }
    Ok(record)
}

/// The item under a key.
pub(crate) async fn get(
    platform: &Platform,
    key: &Key,
    what: &'static str,
) -> Result<Option<Item>, RecordError> {
    patiently(async || platform.table.get(key).await)
        .await
        .map_err(|e| RecordError::Table(what, e))
}

/// The record under a key, with the item's version.
pub(crate) async fn read<T: Stored>(
    platform: &Platform,
    key: &Key,
) -> Result<Option<(T, u64)>, RecordError> {
    get(platform, key, T::WHAT)
        .await?
        .map(|item| Ok((decode(&item.value)?, item.version)))
        .transpose()
}

/// The items under any number of keys, in no promised order.
pub(crate) async fn get_many(
    platform: &Platform,
    keys: &[Key],
    what: &'static str,
) -> Result<Vec<Item>, RecordError> {
    let mut all = Vec::new();
    for some in keys.chunks(MAX_GET_MANY) {
        let found = patiently(async || platform.table.get_many(some).await).await;
        all.extend(found.map_err(|e| RecordError::Table(what, e))?);
    }
    Ok(all)
}

/// A conditional put that recognises its own earlier attempt.
pub(crate) async fn put(
    platform: &Platform,
    item: Item,
    condition: Condition,
    what: &'static str,
) -> Result<Put, RecordError> {
    match patiently(async || platform.table.put(item.clone(), condition).await).await {
        Ok(_) => Ok(Put::Written),
        Err(TableError::ConditionFailed { current, .. }) => match current {
            Some(current) if current.value == item.value && current.sequence == item.sequence => {
                Ok(Put::Written)
            }
            _ => Ok(Put::Held),
        },
        Err(error) => Err(RecordError::Table(what, error)),
    }
}

/// Keeps a record in place of the state of this revision, or where there is none; says whether that was so.
pub(crate) async fn replace<T: Stored>(
    platform: &Platform,
    key: Key,
    record: &T,
    replaces: Option<u64>,
) -> Result<bool, RecordError> {
    let item = Item::new(key, encode(record)?);
    let put = put(platform, item, unchanged(replaces), T::WHAT).await?;
    Ok(matches!(put, Put::Written))
}

/// The condition that nobody wrote since a read.
pub(crate) fn unchanged(read_version: Option<u64>) -> Condition {
    read_version.map_or(Condition::NotExists, Condition::VersionIs)
}

/// Deletes an item as it was read; `false` when another state of it is there.
pub(crate) async fn delete_read(
    platform: &Platform,
    key: &Key,
    version: u64,
    what: &'static str,
) -> Result<bool, RecordError> {
    let condition = Condition::VersionIs(version);
    match patiently(async || platform.table.delete(key, condition).await).await {
        Ok(()) => Ok(true),
        // It is gone, by this call when an acknowledgement was lost.
        Err(TableError::ConditionFailed { current: None, .. }) => Ok(true),
        Err(TableError::ConditionFailed { .. }) => Ok(false),
        Err(error) => Err(RecordError::Table(what, error)),
    }
}

/// Deletes an item, whatever it is.
pub(crate) async fn delete(
    platform: &Platform,
    key: &Key,
    what: &'static str,
) -> Result<(), RecordError> {
    patiently(async || platform.table.delete(key, Condition::None).await)
        .await
        .map_err(|e| RecordError::Table(what, e))
}

/// One page of a partition's items.
pub(crate) async fn page(
    platform: &Platform,
    partition: &str,
    range: &SortRange,
    limit: u32,
    cursor: Option<Cursor>,
    what: &'static str,
) -> Result<platform::QueryPage, RecordError> {
    let page = Page::first(limit).after(cursor);
    patiently(async || platform.table.query(partition, range, &page).await)
        .await
        .map_err(|e| RecordError::Table(what, e))
}

/// All items of a partition.
pub(crate) async fn all(
    platform: &Platform,
    partition: &str,
    range: &SortRange,
    what: &'static str,
) -> Result<Vec<Item>, RecordError> {
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let found = page(platform, partition, range, 1000, cursor, what).await?;
        items.extend(found.items);
        cursor = found.next;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

/// One page of a partition's records.
pub(crate) async fn list<T: Stored>(
    platform: &Platform,
    partition: &str,
    range: &SortRange,
    limit: u32,
    cursor: Option<Cursor>,
) -> Result<Listed<T>, RecordError> {
    let found = page(platform, partition, range, limit, cursor, T::WHAT).await?;
    Ok(Listed {
        records: decode_all(&found.items)?,
        next: found.next,
    })
}

/// Stores bytes under a path that nothing else is ever stored under; says whether they were new.
pub(crate) async fn put_once(
    platform: &Platform,
    path: &BlobPath,
    bytes: Vec<u8>,
    what: &'static str,
) -> Result<bool, RecordError> {
    let options = PutOptions {
        condition: BlobCondition::IfNotExists,
        ..PutOptions::default()
    };
    let bytes = bytes::Bytes::from(bytes);
    let put = patiently(async || {
        platform
            .blobs
            .put(path, bytes.clone().into(), options.clone())
            .await
    });
    match put.await {
        Ok(_) => Ok(true),
        Err(BlobError::ConditionFailed) => Ok(false),
        Err(error) => Err(RecordError::Blob(what, error)),
    }
}

/// The bytes under a path, with when they were put; `None` when nothing is there.
pub(crate) async fn read_blob(
    platform: &Platform,
    path: &BlobPath,
    limit_bytes: usize,
    what: &'static str,
) -> Result<Option<(bytes::Bytes, platform::BlobMeta)>, RecordError> {
    let read = patiently(async || {
        let blob = platform.blobs.get(path).await?;
        Ok((blob.body.collect(limit_bytes).await?, blob.meta))
    });
    match read.await {
        Ok(read) => Ok(Some(read)),
        Err(BlobError::NotFound) => Ok(None),
        Err(error) => Err(RecordError::Blob(what, error)),
    }
}

/// Forgets a document. What is left behind by a failure here is never read again.
pub(crate) async fn forget(platform: &Platform, path: &BlobPath) {
    if let Err(error) = patiently(async || platform.blobs.delete(path).await).await {
        tracing::warn!(%path, error = &error as &dyn std::error::Error, "a replaced document stays");
    }
}

/// A document as compressed JSON.
pub(crate) fn encode_document<T: Serialize>(
    document: &T,
    what: &'static str,
) -> Result<Vec<u8>, RecordError> {
    let json = serde_json::to_vec(document).map_err(|e| RecordError::Damaged(what, e))?;
    compress(&json, what)
}

/// The document in compressed JSON.
pub(crate) fn decode_document<T: DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, RecordError> {
    let json = decompress(bytes, MAX_DOCUMENT_BYTES, what)?;
    serde_json::from_slice(&json).map_err(|e| RecordError::Damaged(what, e))
}

/// Runs work that takes a while away from the threads that answer requests.
pub(crate) async fn aside<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, RecordError> + Send + 'static,
) -> Result<T, RecordError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| RecordError::Stopped(what))?
}

/// Reads a document; `None` when nothing is there.
pub(crate) async fn read_document<T: DeserializeOwned + Send + 'static>(
    platform: &Platform,
    path: &BlobPath,
    what: &'static str,
) -> Result<Option<T>, RecordError> {
    let Some((bytes, _)) = read_blob(platform, path, MAX_STORED_BYTES, what).await? else {
        return Ok(None);
    };
    if bytes.len() < SMALL {
        return decode_document(&bytes, what).map(Some);
    }
    aside(what, move || decode_document(&bytes, what))
        .await
        .map(Some)
}

/// The time, as everyone writes it.
pub(crate) fn now(platform: &Platform) -> schemas::Timestamp {
    schemas::Timestamp::from_ms(i64::try_from(platform.clock.now_ms()).unwrap_or(i64::MAX))
}

/// A record as it was read, to be replaced only by who read it last.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// The record.
    pub record: T,
    /// The item's version then.
    pub(crate) version: u64,
}

/// The record under a key, as a state to be replaced.
pub(crate) async fn find<T: Stored>(
    platform: &Platform,
    key: &Key,
) -> Result<Option<Found<T>>, RecordError> {
    Ok(read(platform, key)
        .await?
        .map(|(record, version)| Found { record, version }))
}

/// A transaction whose first write is a put that guards all others, and recognises its own earlier attempt.
pub(crate) async fn transact(
    platform: &Platform,
    writes: Vec<platform::Write>,
    what: &'static str,
) -> Result<Put, RecordError> {
    match patiently(async || platform.table.transact(writes.clone()).await).await {
        Ok(()) => Ok(Put::Written),
        Err(TableError::ConditionFailed { at: 0, current }) => match (&current, writes.first()) {
            (Some(current), Some(platform::Write::Put { item, .. }))
                if current.value == item.value =>
            {
                Ok(Put::Written)
            }
            _ => Ok(Put::Held),
        },
        Err(TableError::ConditionFailed { .. }) => Ok(Put::Held),
        Err(error) => Err(RecordError::Table(what, error)),
    }
}
