//! The beginning of a large estate's lists, written as the estate changes: opening a list reads some kilobytes, for a
//! hundred thousand findings as for ten million, and not the whole index.
//!
//! A small estate has none: its index is read as fast. What is here is behind the newest states by as long as its writer
//! needs to come round, a minute; `as_of` says since when.

use std::sync::{Arc, Mutex, PoisonError};

use estate::{EstateIndex, Filter, PlaceSummary, RankedVulnerability};
use platform::{BlobCondition, BlobError, BlobMeta, Platform, PutOptions, patience::patiently};
use schemas::{PlaceKind, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Estates, RecordError, keys,
    store::{self},
};

const WHAT: &str = "the beginning of the estate's lists";
/// Version of this document's form.
const VERSION: u32 = 1;
/// An index of as many compressed bytes is a large one.
pub const LARGE_BYTES: u64 = 256 * 1024;
/// Rows of each list, as many as a page may have.
pub const ROWS: usize = 500;
/// After this time a document is doubted while states wait: whoever writes it may not run, in milliseconds.
const DOUBTED_MS: i64 = 5 * 60_000;

/// The beginning of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct First<T> {
    /// Rows of the whole list.
    pub total: u64,
    /// The first [`ROWS`] of them.
    pub rows: Vec<T>,
}

impl<T> First<T> {
    fn of(mut rows: Vec<T>) -> Self {
        let total = rows.len() as u64;
        rows.truncate(ROWS);
        Self { total, rows }
    }

    /// A page of so many rows from the beginning, with whether there are more; `None` when it takes more rows than are
    /// kept.
    #[must_use]
    pub fn page(&self, limit: usize) -> Option<(&[T], bool)> {
        let more = self.total > limit as u64;
        if more && limit > self.rows.len() {
            return None;
        }
        let rows = self.rows.get(..limit).unwrap_or(&self.rows);
        Some((rows, more))
    }
}

/// The beginnings of a tenant's lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Top {
    /// Version of this document's form, 1.
    pub version: u32,
    /// Every state that was there at this moment is counted in.
    pub as_of: Timestamp,
    /// What it was made from: the same again need not be written.
    pub made_from: String,
    /// Etag of the base that it was made over. Base and document are written one after the other: where the second was not,
    /// another base is there, and the document is as good as none.
    pub base: String,
    /// All vulnerabilities, highest score first.
    pub vulnerabilities: First<RankedVulnerability>,
    /// Hosts, highest score first.
    pub hosts: First<PlaceSummary>,
    /// Images, highest score first.
    pub images: First<PlaceSummary>,
}

impl Top {
    /// The beginnings of an index's lists, over the base of this etag.
    pub(crate) fn of(
        index: &EstateIndex,
        as_of: Timestamp,
        made_from: String,
        base: String,
    ) -> Self {
        Self {
            version: VERSION,
            as_of,
            made_from,
            base,
            vulnerabilities: First::of(index.ranked(&Filter::default())),
            hosts: First::of(index.ranked_places(PlaceKind::Host)),
            images: First::of(index.ranked_places(PlaceKind::Image)),
        }
    }
}

fn path(tenant: &TenantId) -> Result<platform::BlobPath, RecordError> {
    keys::path(tenant, "estate/top.json.zst")
}

/// Most documents that a process remembers; each takes about a megabyte.
const MOST_REMEMBERED: usize = 64;

/// Remembers the beginnings of tenants' lists: each is read when it was written anew, and otherwise only asked for whether it was.
#[derive(Debug, Default)]
pub struct TopCache(Mutex<Vec<Remembered>>);

#[derive(Clone, Debug)]
struct Remembered {
    tenant: TenantId,
    etag: String,
    top: Arc<Top>,
}

impl TopCache {
    /// The beginning of a large estate's lists; `None` for a small one, and where what is stored is of another base, of another
    /// form, or may lack the newest states.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(
        &self,
        platform: &Platform,
        tenant: &TenantId,
    ) -> Result<Option<Arc<Top>>, RecordError> {
        let estates = Estates(platform);
        let base = estates.base_meta(tenant).await?;
        let Some(base) = base.filter(|base| base.size_bytes >= LARGE_BYTES) else {
            return Ok(None);
        };
        let known = self.stored(&estates, tenant).await?;
        let Some(top) = known.filter(|top| top.base == base.etag) else {
            return Ok(None);
        };
        let doubted = top.as_of.plus_ms(DOUBTED_MS) < store::now(platform);
        if doubted && estates.is_pending(tenant).await? {
            return Ok(None);
        }
        Ok(Some(top))
    }

    /// The document as it is stored.
    async fn stored(
        &self,
        estates: &Estates<'_>,
        tenant: &TenantId,
    ) -> Result<Option<Arc<Top>>, RecordError> {
        if let Some(known) = self.known(tenant) {
            let path = path(tenant)?;
            let stored = patiently(async || estates.0.blobs.head(&path).await).await;
            let stored = stored.map_err(|error| RecordError::Blob(WHAT, error))?;
            if stored.is_some_and(|stored| stored.etag == known.etag) {
                return Ok(Some(known.top));
            }
        }
        let stored = estates.stored_top(tenant).await?;
        let (Some(etag), Some(top)) = (stored.etag, stored.top) else {
            return Ok(None);
        };
        let top = Arc::new(top);
        self.remember(Remembered {
            tenant: tenant.clone(),
            etag,
            top: Arc::clone(&top),
        });
        Ok(Some(top))
    }

    fn known(&self, tenant: &TenantId) -> Option<Remembered> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|known| known.tenant == *tenant).cloned()
    }

    /// Keeps a document instead of the one before, or of the one that was read longest ago.
    fn remember(&self, read: Remembered) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.tenant != read.tenant);
        if all.len() >= MOST_REMEMBERED {
            all.remove(0);
        }
        all.push(read);
    }
}

impl Estates<'_> {
    async fn stored_top(&self, tenant: &TenantId) -> Result<StoredTop, RecordError> {
        let path = path(tenant)?;
        let limit = store::MAX_STORED_BYTES;
        let read = store::read_blob(self.0, &path, limit, WHAT).await?;
        Ok(match read {
            None => StoredTop::default(),
            Some((bytes, meta)) => StoredTop {
                etag: Some(meta.etag),
                // Some milliseconds, for which nobody else is to wait.
                top: store::aside(WHAT, move || Ok(readable(&bytes))).await?,
            },
        })
    }

    /// What the stored document was made from, where it is of this base.
    pub(crate) async fn top_made_from(
        &self,
        tenant: &TenantId,
        base: &str,
    ) -> Result<Option<String>, RecordError> {
        let top = self.stored_top(tenant).await?.top;
        Ok(top.filter(|top| top.base == base).map(|top| top.made_from))
    }

    /// Writes the document of a base that holds everything, where none of it is stored: whoever put the base broke off before.
    pub(crate) async fn mend_top(
        &self,
        tenant: &TenantId,
        index: EstateIndex,
        base: BlobMeta,
        as_of: Timestamp,
    ) -> Result<(), RecordError> {
        if base.size_bytes < LARGE_BYTES || self.top_made_from(tenant, &base.etag).await?.is_some()
        {
            return Ok(());
        }
        let top = store::aside(WHAT, move || {
            Ok(Top::of(&index, as_of, String::new(), base.etag))
        });
        self.put_top(tenant, top.await?).await
    }

    /// Stores the document, unless another base is there or a later document of this one is stored.
    pub(crate) async fn put_top(&self, tenant: &TenantId, top: Top) -> Result<(), RecordError> {
        let path = path(tenant)?;
        let top = Arc::new(top);
        let encoded = Arc::clone(&top);
        let bytes = store::aside(WHAT, move || store::encode_document(&*encoded, WHAT)).await?;
        let bytes = bytes::Bytes::from(bytes);
        for _ in 0..store::ATTEMPTS {
            // The document before the base: who put a base later stores its document after that, too.
            let known = self.stored_top(tenant).await?;
            let base = self.base_meta(tenant).await?;
            if base.is_none_or(|base| base.etag != top.base) {
                return Ok(());
            }
            if known
                .top
                .is_some_and(|known| known.base == top.base && known.as_of > top.as_of)
            {
                return Ok(());
            }
            let options = PutOptions {
                condition: known
                    .etag
                    .map_or(BlobCondition::IfNotExists, BlobCondition::IfMatch),
                ..PutOptions::default()
            };
            let put = patiently(async || {
                let body = bytes.clone().into();
                self.0.blobs.put(&path, body, options.clone()).await
            });
            match put.await {
                Ok(_) => return Ok(()),
                Err(BlobError::ConditionFailed | BlobError::NotFound) => {}
                Err(error) => return Err(RecordError::Blob(WHAT, error)),
            }
        }
        Err(RecordError::Busy(WHAT))
    }
}

/// What stands where the document is.
#[derive(Debug, Default)]
struct StoredTop {
    /// Its etag; `None` when nothing is there.
    etag: Option<String>,
    /// The document; `None` also when it is of another form.
    top: Option<Top>,
}

/// The document in these bytes. Another version of the program may have written them, a later one before it was taken back:
/// what this one cannot read is written anew, so it is none and no error.
fn readable(bytes: &[u8]) -> Option<Top> {
    #[derive(Deserialize)]
    struct Form {
        version: u32,
    }
    let form: Form = store::decode_document(bytes, WHAT).ok()?;
    if form.version > VERSION {
        return None;
    }
    store::decode_document(bytes, WHAT).ok()
}
