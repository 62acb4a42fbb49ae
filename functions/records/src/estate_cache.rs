//! What a process remembers of estate indexes, so that it reads no more of them than what changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use estate::EstateIndex;
use platform::{BlobMeta, Item, Key, Platform};
use schemas::{TenantId, Timestamp};

use crate::{
    Estates, RecordError,
    estate_index::{BY_BLOB, BY_BLOB_BYTES, StoredDelta},
    estate_top::Top,
    keys, store,
};

const WHAT: &str = "the estate index";

/// States that wait to be folded into a base.
#[derive(Clone, Debug)]
pub struct Pending {
    as_of: Timestamp,
    items: Vec<Item>,
    base: Option<BlobMeta>,
}

impl Pending {
    pub(crate) fn new(as_of: Timestamp, items: Vec<Item>, base: Option<BlobMeta>) -> Self {
        Self { as_of, items, base }
    }

    /// Number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.items.len()
    }

    /// Compressed bytes of the states, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.items.iter().map(|item| match item.value.first() {
            Some(&BY_BLOB) => BY_BLOB_BYTES,
            _ => item.value.len() as u64,
        });
        sizes.sum()
    }

    /// Compressed bytes of the base.
    #[must_use]
    pub fn base_bytes(&self) -> u64 {
        self.base.as_ref().map_or(0, |meta| meta.size_bytes)
    }

    fn base(&self) -> Option<String> {
        self.base.as_ref().map(|meta| meta.etag.clone())
    }

    fn versions(&self) -> HashMap<Key, u64> {
        let items = self.items.iter();
        items.map(|item| (item.key.clone(), item.version)).collect()
    }

    /// Names these states over this base.
    fn name(&self) -> String {
        let mut all = self.base().unwrap_or_default();
        for item in &self.items {
            all.push_str(&format!("\n{} {}", item.key.sort, item.version));
        }
        keys::short(&keys::digest(all.as_bytes())).to_owned()
    }
}

/// Remembers each tenant's index, and reads of what changed no more than it has to.
#[derive(Debug, Default)]
pub struct EstateCache {
    known: Mutex<HashMap<TenantId, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    base: Option<String>,
    states: HashMap<Key, u64>,
    index: Arc<EstateIndex>,
}

impl EstateCache {
    /// The whole index, as it is now.
    ///
    /// # Errors
    /// When the store fails or the index is damaged.
    pub async fn load(
        &self,
        platform: &Platform,
        tenant: &TenantId,
    ) -> Result<Arc<EstateIndex>, RecordError> {
        let pending = Estates(platform).pending(tenant).await?;
        self.merged(platform, tenant, &pending).await
    }

    /// The base with these states laid over it. Over the base that is known only those are read that are new: a state gives
    /// way to a later one alone, so what was laid over it before stays.
    async fn merged(
        &self,
        platform: &Platform,
        tenant: &TenantId,
        pending: &Pending,
    ) -> Result<Arc<EstateIndex>, RecordError> {
        let estates = Estates(platform);
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(tenant)
            .filter(|known| known.base == pending.base())
            .cloned();
        let (base, index) = match self.laid_over(&estates, known, pending).await? {
            Some(index) => (pending.base(), index),
            None => {
                let stored = estates.deltas(pending.items.clone()).await?;
                let (index, base) = estates.base(tenant).await?;
                (base, lay(Arc::new(index), stored).await?)
            }
        };
        let known = Known {
            base,
            states: pending.versions(),
            index: Arc::clone(&index),
        };
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant.clone(), known);
        Ok(index)
    }

    /// The known index with what is new laid over it; `None` where that cannot be had.
    async fn laid_over(
        &self,
        estates: &Estates<'_>,
        known: Option<Known>,
        pending: &Pending,
    ) -> Result<Option<Arc<EstateIndex>>, RecordError> {
        let Some(known) = known else {
            return Ok(None);
        };
        let mut fresh = pending.items.clone();
        fresh.retain(|item| known.states.get(&item.key) != Some(&item.version));
        if fresh.is_empty() {
            return Ok(Some(known.index));
        }
        let wanted = fresh.len();
        let stored = estates.deltas(fresh).await?;
        // One that is gone is in a base that came after the one that is known.
        if stored.len() < wanted {
            return Ok(None);
        }
        lay(known.index, stored).await.map(Some)
    }

    /// Writes the beginning of a large estate's lists anew, where these states are not in it.
    ///
    /// # Errors
    /// When the store fails or the index is damaged.
    pub async fn write_top(
        &self,
        platform: &Platform,
        tenant: &TenantId,
        pending: &Pending,
    ) -> Result<(), RecordError> {
        let estates = Estates(platform);
        let made_from = pending.name();
        if estates.top_made_from(tenant).await?.as_ref() == Some(&made_from) {
            return Ok(());
        }
        let index = self.merged(platform, tenant, pending).await?;
        let as_of = pending.as_of;
        let top = store::aside(WHAT, move || Ok(Top::of(&index, as_of, made_from))).await?;
        estates.put_top(tenant, top).await
    }
}

/// Lays states over an index, away from the threads that answer requests.
async fn lay(
    index: Arc<EstateIndex>,
    stored: Vec<StoredDelta>,
) -> Result<Arc<EstateIndex>, RecordError> {
    store::aside(WHAT, move || {
        let mut index = index;
        let laid = Arc::make_mut(&mut index);
        for stored in &stored {
            laid.apply(&stored.delta);
        }
        Ok(index)
    })
    .await
}
