//! The beginning of a large estate's lists, written as the estate changes: opening a list reads some kilobytes, for a
//! hundred thousand findings as for ten million, and not the whole index.
//!
//! A small estate has none: its index is read as fast. What is here is behind the newest states by as long as its writer
//! needs to come round, a minute; `as_of` says since when.

use estate::{EstateIndex, Filter, PlaceSummary, RankedVulnerability};
use platform::{BlobCondition, BlobError, PutOptions, patience::patiently};
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
    pub fn page(mut self, limit: usize) -> Option<(Vec<T>, bool)> {
        let more = self.total > limit as u64;
        if more && limit > self.rows.len() {
            return None;
        }
        self.rows.truncate(limit);
        Some((self.rows, more))
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
    /// All vulnerabilities, highest score first.
    pub vulnerabilities: First<RankedVulnerability>,
    /// Hosts, highest score first.
    pub hosts: First<PlaceSummary>,
    /// Images, highest score first.
    pub images: First<PlaceSummary>,
}

impl Top {
    /// The beginnings of an index's lists.
    pub(crate) fn of(index: &EstateIndex, as_of: Timestamp, made_from: String) -> Self {
        Self {
            version: VERSION,
            as_of,
            made_from,
            vulnerabilities: First::of(index.ranked(&Filter::default())),
            hosts: First::of(index.ranked_places(PlaceKind::Host)),
            images: First::of(index.ranked_places(PlaceKind::Image)),
        }
    }
}

fn path(tenant: &TenantId) -> Result<platform::BlobPath, RecordError> {
    keys::path(tenant, "estate/top.json.zst")
}

impl Estates<'_> {
    /// The beginning of a large estate's lists; `None` for a small one, and where the newest states may not be in it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn top(&self, tenant: &TenantId) -> Result<Option<Top>, RecordError> {
        let is_large = self
            .base_meta(tenant)
            .await?
            .is_some_and(|meta| meta.size_bytes >= LARGE_BYTES);
        if !is_large {
            return Ok(None);
        }
        let Some((top, _)) = self.stored_top(tenant).await? else {
            return Ok(None);
        };
        let doubted = top.as_of.plus_ms(DOUBTED_MS) < store::now(self.0);
        if doubted && self.is_pending(tenant).await? {
            return Ok(None);
        }
        Ok(Some(top))
    }

    /// The document with its etag; one of a later form is none.
    async fn stored_top(&self, tenant: &TenantId) -> Result<Option<(Top, String)>, RecordError> {
        let path = path(tenant)?;
        let limit = store::MAX_STORED_BYTES;
        let Some((bytes, meta)) = store::read_blob(self.0, &path, limit, WHAT).await? else {
            return Ok(None);
        };
        let top: Top = store::decode_document(&bytes, WHAT)?;
        Ok((top.version <= VERSION).then_some((top, meta.etag)))
    }

    /// What the stored document was made from.
    pub(crate) async fn top_made_from(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<String>, RecordError> {
        Ok(self.stored_top(tenant).await?.map(|(top, _)| top.made_from))
    }

    /// Stores the document unless a later one is stored. When somebody else stores one at the same time, that one stays:
    /// the next comes in a minute.
    pub(crate) async fn put_top(&self, tenant: &TenantId, top: Top) -> Result<(), RecordError> {
        let path = path(tenant)?;
        let known = self.stored_top(tenant).await?;
        if known
            .as_ref()
            .is_some_and(|(known, _)| known.as_of > top.as_of)
        {
            return Ok(());
        }
        let bytes = store::aside(WHAT, move || store::encode_document(&top, WHAT)).await?;
        let bytes = bytes::Bytes::from(bytes);
        let options = PutOptions {
            condition: known.map_or(BlobCondition::None, |(_, etag)| {
                BlobCondition::IfMatch(etag)
            }),
            ..PutOptions::default()
        };
        let put = patiently(async || {
            let body = bytes.clone().into();
            self.0.blobs.put(&path, body, options.clone()).await
        });
        match put.await {
            Ok(_) | Err(BlobError::ConditionFailed | BlobError::NotFound) => Ok(()),
            Err(error) => Err(RecordError::Blob(WHAT, error)),
        }
    }
}
