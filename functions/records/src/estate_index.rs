//! The estate index of a tenant: one base, and the newest state of each place since it was made.
//!
//! Writers store a place's state beside the base and fold many of them in at once. A reader reads the states before the
//! base: one that is folded in between is then in both, which changes nothing; the other way round it would be in neither.

use std::sync::Arc;

use estate::{EstateIndex, PlaceDelta};
use futures::{StreamExt as _, TryStreamExt as _};
use platform::{
    BlobCondition, BlobError, BlobMeta, Condition, Item, Key, Platform, PutOptions, SortRange,
    TableError, Write, patience::patiently,
};
use schemas::{Digest, Place, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError,
    estate_cache::Pending,
    estate_top::{LARGE_BYTES, Top},
    keys,
    store::{self, Found, Put, stored},
};

const STATES: &str = "estate-places";
const DELTAS: &str = "estate-deltas";
const WHAT: &str = "the estate index";
/// Deltas above this many compressed bytes go by blob: as an item, each KiB is paid for when it is written, each time it is
/// read, and when it is deleted; above about this many that is more than a blob costs.
const MAX_INLINE_BYTES: usize = 4 * 1024;
/// What a delta that went by blob is taken to have, in bytes.
pub(crate) const BY_BLOB_BYTES: u64 = 2 * MAX_INLINE_BYTES as u64;
/// Deltas by blob that are read at once, and deltas that are forgotten at once.
const AT_ONCE: usize = 16;
/// First byte of a delta that stands in its item, and of one that is a blob.
const INLINE: u8 = 1;
pub(crate) const BY_BLOB: u8 = 2;

/// Which state of a place the index has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceState {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Order of the state.
    pub sequence: u64,
    /// Digest of the state without its order.
    pub content: Digest,
}

stored! { PlaceState: "a place of the estate index" 1; }

/// A state that is not folded in yet.
#[derive(Clone, Debug)]
pub(crate) struct StoredDelta {
    key: Key,
    version: u64,
    blob: Option<platform::BlobPath>,
    pub(crate) delta: PlaceDelta,
}

/// The repository of the estate index.
#[derive(Clone, Copy, Debug)]
pub struct Estates<'a>(pub &'a Platform);

impl Estates<'_> {
    /// Which state of a place the index has. Read it before anything that the next state is made from.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn state(
        &self,
        tenant: &TenantId,
        place: &Place,
    ) -> Result<Option<Found<PlaceState>>, RecordError> {
        store::find(self.0, &keys::key(tenant, STATES, &place.to_string())).await
    }

    /// Stores a place's state after the one that was read; its sequence and its time are set here. A state equal to that one is not
    /// stored again. Returns `false` when somebody else stored one in between: then what was read may be old.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        before: Option<&Found<PlaceState>>,
        mut delta: PlaceDelta,
    ) -> Result<bool, RecordError> {
        // Neither its order nor when it was so makes a state another one.
        (delta.sequence, delta.at_h) = (0, 0);
        let content = keys::digest(&delta.encode());
        if before.is_some_and(|before| before.record.content == content) {
            return Ok(true);
        }
        delta.sequence = before.map_or(0, |before| before.record.sequence) + 1;
        delta.at_h = store::now(self.0).hours();
        let sort = delta.place.to_string();
        let state = PlaceState {
            version: 1,
            sequence: delta.sequence,
            content,
        };
        let guard = Write::Put {
            item: Item::new(keys::key(tenant, STATES, &sort), store::encode(&state)?),
            condition: store::unchanged(before.map(|before| before.version)),
        };
        let bytes = store::compress(&delta.encode(), WHAT)?;
        let value = if bytes.len() <= MAX_INLINE_BYTES {
            [&[INLINE], bytes.as_slice()].concat()
        } else {
            let path = keys::path(
                tenant,
                &format!(
                    "estate/deltas/{}/{:020}-{}.zst",
                    keys::place_path(&delta.place),
                    delta.sequence,
                    keys::short(&state.content)
                ),
            )?;
            store::put_once(self.0, &path, bytes, WHAT).await?;
            [&[BY_BLOB], path.as_str().as_bytes()].concat()
        };
        let writes = vec![
            guard,
            Write::Put {
                item: Item::new(keys::key(tenant, DELTAS, &sort), value),
                condition: Condition::None,
            },
        ];
        let put = store::transact(self.0, writes, WHAT).await?;
        Ok(matches!(put, Put::Written))
    }

    async fn read_delta(&self, item: Item) -> Result<Option<StoredDelta>, RecordError> {
        let (bytes, blob) = match item.value.split_first() {
            Some((&INLINE, bytes)) => (bytes.to_vec().into(), None),
            Some((&BY_BLOB, path)) => {
                let path = String::from_utf8_lossy(path).into_owned();
                let path =
                    platform::BlobPath::parse(path).map_err(|_| RecordError::Name("a path"))?;
                let read = store::read_blob(self.0, &path, store::MAX_STORED_BYTES, WHAT).await?;
                match read {
                    Some((bytes, _)) => (bytes, Some(path)),
                    // Folded in since the item was read.
                    None => return Ok(None),
                }
            }
            _ => return Err(RecordError::Name("a delta")),
        };
        let bytes = store::decompress(&bytes, store::MAX_DOCUMENT_BYTES, WHAT)?;
        Ok(Some(StoredDelta {
            key: item.key,
            version: item.version,
            blob,
            delta: PlaceDelta::decode(&bytes).map_err(RecordError::Estate)?,
        }))
    }

    async fn delta_items(&self, tenant: &TenantId) -> Result<Vec<Item>, RecordError> {
        let partition = keys::partition(tenant, DELTAS);
        store::all(self.0, &partition, &SortRange::All, WHAT).await
    }

    /// The states in these items, without those that were folded in since the items were read.
    pub(crate) async fn deltas(&self, items: Vec<Item>) -> Result<Vec<StoredDelta>, RecordError> {
        let read: Vec<Option<StoredDelta>> = futures::stream::iter(items)
            .map(|item| self.read_delta(item))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(read.into_iter().flatten().collect())
    }

    /// A mark of the states that are not folded in yet, see [`platform::Table::mark`].
    pub(crate) fn mark(&self, tenant: &TenantId) -> Option<u64> {
        self.0.table.mark(&keys::partition(tenant, DELTAS))
    }

    /// What is known of the base; `None` before the first.
    pub(crate) async fn base_meta(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<BlobMeta>, RecordError> {
        let path = base_path(tenant)?;
        patiently(async || self.0.blobs.head(&path).await)
            .await
            .map_err(|error| RecordError::Blob(WHAT, error))
    }

    /// Whether any state is not folded in yet.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn is_pending(&self, tenant: &TenantId) -> Result<bool, RecordError> {
        let partition = keys::partition(tenant, DELTAS);
        let mut cursor = None;
        loop {
            let page = store::page(self.0, &partition, &SortRange::All, 1, cursor, WHAT).await?;
            if !page.items.is_empty() {
                return Ok(true);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(false);
            }
        }
    }

    /// The base, with what is known of it. Read the states before it.
    pub(crate) async fn base(
        &self,
        tenant: &TenantId,
    ) -> Result<(EstateIndex, Option<BlobMeta>), RecordError> {
        let path = base_path(tenant)?;
        let limit = store::MAX_STORED_BYTES;
        match store::read_blob(self.0, &path, limit, WHAT).await? {
            None => Ok((EstateIndex::new(), None)),
            Some((bytes, meta)) => {
                let index = store::aside(WHAT, move || decode_base(&bytes)).await?;
                Ok((index, Some(meta)))
            }
        }
    }

    /// The whole index.
    ///
    /// # Errors
    /// When the store fails or the index is damaged.
    pub async fn load_merged(&self, tenant: &TenantId) -> Result<EstateIndex, RecordError> {
        let items = self.delta_items(tenant).await?;
        let deltas = self.deltas(items).await?;
        let (mut index, _) = self.base(tenant).await?;
        for stored in &deltas {
            index.apply(&stored.delta);
        }
        Ok(index)
    }

    /// The states that are not folded in yet, and the base that they wait for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pending(&self, tenant: &TenantId) -> Result<Pending, RecordError> {
        let as_of = store::now(self.0);
        // The states first, as by every reader.
        let items = self.delta_items(tenant).await?;
        let base = self.base_meta(tenant).await?;
        Ok(Pending::new(as_of, items, base))
    }

    /// Folds all states into the base, and does something to the base with them, on a thread for such work; what is done
    /// must be safe to repeat and says whether it changed anything.
    ///
    /// # Errors
    /// When the store fails, or others fold at the same time.
    pub async fn fold(
        &self,
        tenant: &TenantId,
        also: impl Fn(&mut EstateIndex) -> bool + Send + Sync + 'static,
    ) -> Result<(), RecordError> {
        let also = Arc::new(also);
        for _ in 0..store::ATTEMPTS {
            let as_of = store::now(self.0);
            let items = self.delta_items(tenant).await?;
            let deltas = self.deltas(items).await?;
            let (mut index, base) = self.base(tenant).await?;
            let also = Arc::clone(&also);
            let (changed, index, deltas) = store::aside(WHAT, move || {
                let mut changed = false;
                for stored in &deltas {
                    changed |= index.apply(&stored.delta);
                }
                changed |= also(&mut index);
                Ok((changed, index, deltas))
            })
            .await?;
            if changed {
                let etag = base.map(|base| base.etag);
                if !self.put_base(tenant, index, etag, as_of).await? {
                    continue;
                }
            } else if let Some(base) = base {
                // An attempt before may have put the base, and then broken off.
                self.mend_top(tenant, index, base, as_of).await?;
            }
            return self.forget(deltas).await;
        }
        Err(RecordError::Busy(WHAT))
    }

    /// Says whether nobody else put a base since this one was read.
    async fn put_base(
        &self,
        tenant: &TenantId,
        index: EstateIndex,
        etag: Option<String>,
        as_of: Timestamp,
    ) -> Result<bool, RecordError> {
        let path = base_path(tenant)?;
        let (bytes, top) = store::aside(WHAT, move || {
            let bytes = store::compress(&index.encode(), WHAT)?;
            let is_large = bytes.len() as u64 >= LARGE_BYTES;
            let top = is_large.then(|| Top::of(&index, as_of, String::new(), String::new()));
            Ok((bytes, top))
        })
        .await?;
        let bytes = bytes::Bytes::from(bytes);
        let options = PutOptions {
            condition: etag.map_or(BlobCondition::IfNotExists, BlobCondition::IfMatch),
            ..PutOptions::default()
        };
        let put = patiently(async || {
            let body = bytes.clone().into();
            self.0.blobs.put(&path, body, options.clone()).await
        });
        match put.await {
            Ok(meta) => {
                if let Some(mut top) = top {
                    top.base = meta.etag;
                    self.put_top(tenant, top).await?;
                }
                Ok(true)
            }
            Err(BlobError::ConditionFailed | BlobError::NotFound) => Ok(false),
            Err(error) => Err(RecordError::Blob(WHAT, error)),
        }
    }

    /// Forgets states that are folded in, unless they were replaced since.
    async fn forget(&self, deltas: Vec<StoredDelta>) -> Result<(), RecordError> {
        // One after the other they would take longer than new ones need to come, when a feed concerns a whole estate.
        futures::stream::iter(deltas)
            .map(|stored| self.forget_one(stored))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn forget_one(&self, stored: StoredDelta) -> Result<(), RecordError> {
        let condition = Condition::VersionIs(stored.version);
        let table = &self.0.table;
        match patiently(async || table.delete(&stored.key, condition).await).await {
            Ok(()) | Err(TableError::ConditionFailed { .. }) => {}
            Err(error) => return Err(RecordError::Table(WHAT, error)),
        }
        if let Some(path) = &stored.blob {
            store::forget(self.0, path).await;
        }
        Ok(())
    }
}

fn base_path(tenant: &TenantId) -> Result<platform::BlobPath, RecordError> {
    keys::path(tenant, "estate/base.zst")
}

fn decode_base(bytes: &[u8]) -> Result<EstateIndex, RecordError> {
    let bytes = store::decompress(bytes, store::MAX_DOCUMENT_BYTES * 4, WHAT)?;
    EstateIndex::decode(&bytes).map_err(RecordError::Estate)
}
