//! Moving a site's data from one platform to another: keys, documents, records, messages that wait.
//!
//! The site that is left must stand still, and is not changed. The one moved to has no tenants yet; what its functions do
//! by themselves meanwhile is about no tenant. The list of tenants goes over last but for messages, so nothing there
//! works on what has not wholly come. A move that broke off goes on when it is asked for again, and what is there by then
//! is compared, not believed.

use std::collections::{BTreeSet, HashMap};

use futures::StreamExt as _;
use platform::{
    BatchWrite, BlobCondition, BlobError, BlobMeta, Condition, Cursor, Destination, IndexKey, Item,
    Key, KeyError, Message, Origin, Platform, PutOptions, QueryPage, QueueError, Scan, StoredKey,
    TableError,
    patience::{patiently, send_all, write_all},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError,
    messages::QUEUES,
    store::{self, stored},
};

/// The record that says which move is under way, on the platform moved to.
const PARTITION: &str = "global/moving";
const SORT: &str = "state";
/// Records that no move carries over: keys go by another way, and a move is about one platform.
const LEFT: [&str; 2] = ["global/keys", PARTITION];
/// What belongs to tenants begins so.
const TENANTS: &str = "t/";
const TENANT_LIST: &str = "global/tenants";
/// What belongs to no tenant begins so.
const GLOBAL: &str = "global/";
/// Documents that are copied at once.
const AT_ONCE: usize = 8;
/// Records of a page.
const PAGE: u32 = 500;
/// A document that was put there less than this after it was stored here is not taken for a copy, in ms: the clocks of
/// both sides may differ.
const CLOCKS_DIFFER_MS: u64 = 60 * 60 * 1000;
/// Records that expire within this time are not missed, in seconds.
const EXPIRES_SOON_S: u64 = 3600;

/// How far a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// What belongs to tenants goes over.
    Copying,
    /// All of that is there and was compared. The rest opens the house, after which it changes by itself.
    Opening,
    /// Everything is there.
    Done,
    /// A step that a later version knows.
    #[serde(other)]
    Unknown,
}

/// A move, on the platform moved to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    /// Version of this record's form, 1.
    version: u32,
    /// The site that is moved, by its public key for sessions, as hex.
    site: String,
    /// How far it is.
    step: Step,
}

stored! {
    State: "the state of a move" 1;
}

/// What was moved, or found there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Keys.
    pub keys: u64,
    /// Documents.
    pub blobs: u64,
    /// Of these: those that were there already.
    pub blobs_there: u64,
    /// Their size together, in bytes.
    pub blob_bytes: u64,
    /// Records.
    pub items: u64,
    /// Messages that waited.
    pub messages: u64,
    /// Messages that had been given up, and are tried once more.
    pub dead_letters: u64,
    /// Whether an earlier move was gone on with.
    pub resumed: bool,
}

/// Why a site could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There are tenants already.
    #[error(
        "there are data already: {0}; a site is moved to a stack that nobody has set up or used"
    )]
    NotEmpty(String),
    /// Another site is being moved there.
    #[error("another site is being moved there, or was; a stack takes one")]
    Another,
    /// The move was done before.
    #[error("this site was moved there already, and works there: nothing is written over")]
    Done,
    /// A later release moves it.
    #[error("a later release began this move: go on with that one")]
    Later,
    /// What is there is not what is here.
    #[error(
        "{0} is not there as it is here: something else writes there; stop that and move again"
    )]
    Differs(String),
    /// More is there than here.
    #[error(
        "{0} is there and not here: something else writes there, or data were deleted here since the move began"
    )]
    Extra(String),
    /// A record could not be read or written.
    #[error("records could not be {0}")]
    Table(&'static str, #[source] TableError),
    /// The state of the move could not be read or written.
    #[error("the state of the move could not be kept")]
    State(#[source] RecordError),
    /// A document could not be read or written.
    #[error("the document {0} could not be copied")]
    Blob(String, #[source] BlobError),
    /// Messages could not be read or sent.
    #[error("messages of the queue {0} could not be moved")]
    Queue(&'static str, #[source] QueueError),
    /// A key could not be read or stored.
    #[error("keys could not be moved")]
    Key(#[source] KeyError),
}

/// The side that is left.
#[derive(Clone, Copy)]
pub struct From<'a> {
    /// Its platform, which nobody else uses.
    pub platform: &'a Platform,
    /// Everything in it.
    pub origin: &'a dyn Origin,
}

/// The side that is moved to.
#[derive(Clone, Copy)]
pub struct To<'a> {
    /// Its platform.
    pub platform: &'a Platform,
    /// Everything in it.
    pub destination: &'a dyn Destination,
}

/// Moves a site; `said` is told what is about to be done.
///
/// # Errors
/// [`MoveError`]; whatever it was but [`MoveError::NotEmpty`], [`MoveError::Another`] and [`MoveError::Done`], the same
/// call may be repeated and goes on.
pub async fn move_site(
    from: From<'_>,
    to: To<'_>,
    said: &(dyn Fn(&str) + Sync),
) -> Result<Moved, MoveError> {
    let keys = from.origin.keys().await.map_err(MoveError::Key)?;
    let site = site(&keys);
    let mut moved = Moved::default();
    let state = store::read::<State>(to.platform, &state_key())
        .await
        .map_err(MoveError::State)?;
    let step = match state {
        Some((state, _)) if state.site != site => return Err(MoveError::Another),
        Some((state, _)) => {
            moved.resumed = true;
            state.step
        }
        None => {
            must_be_unused(to).await?;
            begin(to, &site).await?;
            Step::Copying
        }
    };
    match step {
        Step::Done => return Err(MoveError::Done),
        Step::Unknown => return Err(MoveError::Later),
        Step::Copying => {
            said("keys");
            for key in &keys {
                to.destination.put_key(key).await.map_err(MoveError::Key)?;
            }
            said("documents");
            copy_blobs(from, to, "", &mut moved).await?;
            said("records");
            let of_tenants = |key: &Key| key.partition.starts_with(TENANTS);
            copy_items(from, to, of_tenants, &mut moved).await?;
            said("comparing documents");
            compare_blobs(from, to).await?;
            said("comparing records");
            compare_items(from, to, of_tenants).await?;
            put_state(to, &site, Step::Opening).await?;
        }
        // What belongs to tenants works there by now, and may be newer than here.
        Step::Opening => copy_blobs(from, to, GLOBAL, &mut moved).await?,
    }
    moved.keys = keys.len() as u64;
    said("advisories");
    let of_none = |key: &Key| {
        key.partition.starts_with(GLOBAL) && key.partition != TENANT_LIST && !is_left(key)
    };
    copy_items(from, to, of_none, &mut moved).await?;
    said("the list of tenants");
    copy_items(from, to, |key| key.partition == TENANT_LIST, &mut moved).await?;
    said("messages");
    move_messages(from, to, &mut moved).await?;
    put_state(to, &site, Step::Done).await?;
    Ok(moved)
}

fn is_left(key: &Key) -> bool {
    LEFT.contains(&key.partition.as_str())
}

fn state_key() -> Key {
    Key::new(PARTITION, SORT)
}

/// What tells a site from others: its public key for sessions, or that it never made one.
fn site(keys: &[StoredKey]) -> String {
    keys.iter()
        .filter(|key| key.name == "sessions")
        .find_map(StoredKey::public)
        .map_or_else(
            || "never used".to_owned(),
            |public| crate::digest(&public).hex().to_owned(),
        )
}

async fn must_be_unused(to: To<'_>) -> Result<(), MoveError> {
    let mut cursor = None;
    loop {
        let page = items(to.destination, cursor.as_ref()).await?;
        let used = page.items.iter().find(|item| {
            item.key.partition.starts_with(TENANTS) || item.key.partition == TENANT_LIST
        });
        if let Some(item) = used {
            return Err(MoveError::NotEmpty(name(&item.key)));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let page = blobs(to.platform, TENANTS, None).await?;
    match page.blobs.first() {
        Some(blob) => Err(MoveError::NotEmpty(blob.path.to_string())),
        None => Ok(()),
    }
}

/// Takes the other side for this move, before anything is written to it.
async fn begin(to: To<'_>, site: &str) -> Result<(), MoveError> {
    match put(to, site, Step::Copying, Condition::NotExists).await? {
        store::Put::Written => Ok(()),
        store::Put::Held => Err(MoveError::Another),
    }
}

async fn put_state(to: To<'_>, site: &str, step: Step) -> Result<(), MoveError> {
    put(to, site, step, Condition::None).await.map(drop)
}

async fn put(
    to: To<'_>,
    site: &str,
    step: Step,
    condition: Condition,
) -> Result<store::Put, MoveError> {
    let state = State {
        version: 1,
        site: site.to_owned(),
        step,
    };
    let value = store::encode(&state).map_err(MoveError::State)?;
    let item = Item::new(state_key(), value);
    store::put(to.platform, item, condition, "the state of a move")
        .await
        .map_err(MoveError::State)
}

async fn items(
    side: &(impl Scan + ?Sized),
    cursor: Option<&Cursor>,
) -> Result<QueryPage, MoveError> {
    patiently(async || side.items(PAGE, cursor).await)
        .await
        .map_err(|error| MoveError::Table("read", error))
}

async fn blobs(
    platform: &Platform,
    prefix: &str,
    cursor: Option<&Cursor>,
) -> Result<platform::BlobPage, MoveError> {
    patiently(async || platform.blobs.list(prefix, 1000, cursor).await)
        .await
        .map_err(|error| MoveError::Blob(format!("{prefix}…"), error))
}

/// Copies the documents whose path begins so, but for those that are there already.
async fn copy_blobs(
    from: From<'_>,
    to: To<'_>,
    prefix: &str,
    moved: &mut Moved,
) -> Result<(), MoveError> {
    let mut cursor = None;
    loop {
        let page = blobs(from.platform, prefix, cursor.as_ref()).await?;
        let copies = page.blobs.into_iter().map(|blob| async move {
            let copied = copy_blob(from, to, &blob).await;
            copied
                .map(|is_new| (is_new, blob.size_bytes))
                .map_err(|error| MoveError::Blob(blob.path.to_string(), error))
        });
        let mut copies = futures::stream::iter(copies).buffer_unordered(AT_ONCE);
        while let Some(copied) = copies.next().await {
            let (is_new, size_bytes) = copied?;
            moved.blobs += 1;
            moved.blobs_there += u64::from(!is_new);
            moved.blob_bytes += size_bytes;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Copies one document as a stream; says whether it was not there yet.
async fn copy_blob(from: From<'_>, to: To<'_>, blob: &BlobMeta) -> Result<bool, BlobError> {
    let there = patiently(async || to.platform.blobs.head(&blob.path).await).await?;
    if there.is_some_and(|there| is_copy(&there, blob)) {
        return Ok(false);
    }
    patiently(async || {
        // The embedded platform names content by its digest, so what arrives is what was stored here.
        let read = from.platform.blobs.get(&blob.path).await?;
        let options = PutOptions {
            condition: BlobCondition::None,
            sha256: sha256_of(&read.meta.etag),
            max_bytes: None,
        };
        to.platform.blobs.put(&blob.path, read.body, options).await
    })
    .await?;
    Ok(true)
}

fn sha256_of(etag: &str) -> Option<[u8; 32]> {
    let digest: schemas::Digest = format!("sha256:{etag}").parse().ok()?;
    let mut bytes = [0; 32];
    let pairs = digest.hex().as_bytes().chunks_exact(2);
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Whether what is there is an earlier copy of what is here.
fn is_copy(there: &BlobMeta, here: &BlobMeta) -> bool {
    let is_later = there.modified_at_ms > here.modified_at_ms.saturating_add(CLOCKS_DIFFER_MS);
    there.size_bytes == here.size_bytes && (there.etag == here.etag || is_later)
}

/// Copies the records that are meant.
async fn copy_items(
    from: From<'_>,
    to: To<'_>,
    is_meant: impl Fn(&Key) -> bool,
    moved: &mut Moved,
) -> Result<(), MoveError> {
    let mut cursor = None;
    loop {
        let page = items(from.origin, cursor.as_ref()).await?;
        let meant = page.items.into_iter().filter(|item| is_meant(&item.key));
        let writes: Vec<BatchWrite> = meant.map(BatchWrite::Put).collect();
        moved.items += writes.len() as u64;
        write_all(&*to.platform.table, writes)
            .await
            .map_err(|error| MoveError::Table("written", error))?;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Whether every document of tenants is there, with its size, and no other.
async fn compare_blobs(from: From<'_>, to: To<'_>) -> Result<(), MoveError> {
    let here = list_all(from.platform).await?;
    let there = list_all(to.platform).await?;
    for (path, size_bytes) in &here {
        if there.get(path) != Some(size_bytes) {
            return Err(MoveError::Differs(path.clone()));
        }
    }
    match there.keys().find(|path| !here.contains_key(*path)) {
        Some(path) => Err(MoveError::Extra(path.clone())),
        None => Ok(()),
    }
}

/// Paths and sizes of all documents of tenants.
async fn list_all(platform: &Platform) -> Result<HashMap<String, u64>, MoveError> {
    let mut all = HashMap::new();
    let mut cursor = None;
    loop {
        let page = blobs(platform, TENANTS, cursor.as_ref()).await?;
        all.extend(
            page.blobs
                .into_iter()
                .map(|blob| (blob.path.to_string(), blob.size_bytes)),
        );
        cursor = page.next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// Whether every record that is meant is there as it is here, and no other.
async fn compare_items(
    from: From<'_>,
    to: To<'_>,
    is_meant: impl Fn(&Key) -> bool,
) -> Result<(), MoveError> {
    let soon_s = from.platform.clock.now_s() + EXPIRES_SOON_S;
    let mut expected = 0_u64;
    let mut cursor = None;
    loop {
        let page = items(from.origin, cursor.as_ref()).await?;
        let meant: Vec<Item> = page
            .items
            .into_iter()
            .filter(|item| is_meant(&item.key))
            .collect();
        let keys: Vec<Key> = meant.iter().map(|item| item.key.clone()).collect();
        let found = store::get_many(to.platform, &keys, "records")
            .await
            .map_err(MoveError::State)?;
        let mut found: HashMap<Key, Item> = found
            .into_iter()
            .map(|item| (item.key.clone(), item))
            .collect();
        for item in &meant {
            match found.remove(&item.key) {
                Some(there) if is_same(item, &there) => expected += 1,
                None if item.expires_at_s.is_some_and(|at| at <= soon_s) => {}
                _ => return Err(MoveError::Differs(name(&item.key))),
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut there = 0_u64;
    loop {
        let page = items(to.destination, cursor.as_ref()).await?;
        there += page.items.iter().filter(|item| is_meant(&item.key)).count() as u64;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    // Some may have expired since they were compared.
    if there > expected {
        return Err(MoveError::Extra(format!(
            "at least one of {there} records of tenants"
        )));
    }
    Ok(())
}

fn is_same(here: &Item, there: &Item) -> bool {
    let places = |item: &Item| -> BTreeSet<_> {
        item.index
            .iter()
            .map(
                |IndexKey {
                     index,
                     partition,
                     sort,
                 }| (*index, partition.clone(), sort.clone()),
            )
            .collect()
    };
    here.value == there.value
        && here.sequence == there.sequence
        && here.expires_at_s == there.expires_at_s
        && places(here) == places(there)
}

fn name(key: &Key) -> String {
    format!("the record {} {}", key.partition, key.sort)
}

/// Sends what waits there. Messages that were given up are tried once more: whoever moves most likely has a newer release.
async fn move_messages(from: From<'_>, to: To<'_>, moved: &mut Moved) -> Result<(), MoveError> {
    for queue in QUEUES {
        let failed = |error| MoveError::Queue(queue, error);
        let mut cursor = None;
        loop {
            let read = async || from.origin.waiting(queue, 500, cursor.as_ref()).await;
            let page = patiently(read).await.map_err(failed)?;
            moved.messages += page.messages.len() as u64;
            send_all(&*to.platform.queue, queue, page.messages)
                .await
                .map_err(failed)?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let mut after: Option<String> = None;
        loop {
            let read = async || {
                from.platform
                    .queue
                    .list_dead(queue, 100, after.as_deref())
                    .await
            };
            let page = patiently(read).await.map_err(failed)?;
            let messages: Vec<Message> = page
                .letters
                .into_iter()
                .map(|letter| letter.message)
                .collect();
            moved.dead_letters += messages.len() as u64;
            send_all(&*to.platform.queue, queue, messages)
                .await
                .map_err(failed)?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}
