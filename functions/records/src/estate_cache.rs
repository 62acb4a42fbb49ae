//! What a process remembers of estate indexes, so that it reads no more of them than what changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
/// What one remembered state has beside its key, in bytes, about.
const STATE_BYTES: usize = 80;

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

/// Most bytes of indexes that a process remembers, about: those of many small tenants, or of the largest beside some others,
/// in a function of a gigabyte.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Remembers tenants' indexes, and reads of what changed no more than it has to. What was not asked for longest goes first.
#[derive(Debug)]
pub struct EstateCache {
    kept: Mutex<Kept>,
    most_bytes: u64,
}

/// Indexes by tenant.
#[derive(Debug, Default)]
struct Kept {
    of: HashMap<TenantId, Known>,
    /// Counts what is asked for.
    asked: u64,
}

#[derive(Clone, Debug)]
struct Known {
    base: Option<Arc<str>>,
    states: Arc<HashMap<Key, u64>>,
    /// The mark that the states were read at, where the platform has marks.
    mark: Option<u64>,
    index: Arc<EstateIndex>,
    bytes: u64,
    asked: u64,
}

impl Known {
    fn new(
        base: Option<String>,
        states: HashMap<Key, u64>,
        mark: Option<u64>,
        index: Arc<EstateIndex>,
    ) -> Self {
        let keys = states.keys();
        let keys = keys.map(|key| key.partition.len() + key.sort.len() + STATE_BYTES);
        Self {
            bytes: index.memory_bytes() + keys.sum::<usize>() as u64,
            base: base.map(Arc::from),
            mark,
            states: Arc::new(states),
            index,
            asked: 0,
        }
    }

    /// Whether it lies over this base.
    fn is_over(&self, base: Option<&BlobMeta>) -> bool {
        self.base.as_deref() == base.map(|base| base.etag.as_str())
    }

    /// Whether nothing came since.
    fn is_of(&self, pending: &Pending) -> bool {
        let is_known = |item: &Item| self.states.get(&item.key) == Some(&item.version);
        self.states.len() == pending.items.len() && pending.items.iter().all(is_known)
    }
}

impl Kept {
    fn get(&mut self, tenant: &TenantId) -> Option<Known> {
        self.asked += 1;
        let known = self.of.get_mut(tenant)?;
        known.asked = self.asked;
        Some(known.clone())
    }

    /// Notes of what is kept that it is as new as a later mark.
    fn remark(&mut self, tenant: &TenantId, known: &Known, mark: Option<u64>) {
        let kept = self.of.get_mut(tenant);
        if let Some(kept) = kept.filter(|kept| Arc::ptr_eq(&kept.index, &known.index)) {
            kept.mark = mark;
        }
    }

    /// Keeps an index, and of the others as many as there is room for. The newest stays however large it is: each of its
    /// tenant's requests would read all of it otherwise.
    fn insert(&mut self, tenant: &TenantId, mut known: Known, most_bytes: u64) {
        self.asked += 1;
        known.asked = self.asked;
        self.of.insert(tenant.clone(), known);
        let mut bytes: u64 = self.of.values().map(|known| known.bytes).sum();
        while bytes > most_bytes && self.of.len() > 1 {
            let oldest = self.of.iter().min_by_key(|(_, known)| known.asked);
            let Some(oldest) = oldest.map(|(tenant, _)| tenant.clone()) else {
                return;
            };
            bytes -= self.of.remove(&oldest).map_or(0, |known| known.bytes);
        }
    }
}

impl Default for EstateCache {
    fn default() -> Self {
        Self::new(MOST_BYTES)
    }
}

impl EstateCache {
    /// A cache that remembers so many bytes of indexes, about, and one index in any case.
    #[must_use]
    pub fn new(most_bytes: u64) -> Self {
        Self {
            kept: Mutex::default(),
            most_bytes,
        }
    }

    /// The whole index, as it is now.
    ///
    /// # Errors
    /// When the store fails or the index is damaged.
    pub async fn load(
        &self,
        platform: &Platform,
        tenant: &TenantId,
    ) -> Result<Arc<EstateIndex>, RecordError> {
        let estates = Estates(platform);
        // Before what it is a mark of, and the states before the base, as by every reader.
        let mark = estates.mark(tenant);
        let known = self.kept().get(tenant);
        if let Some(known) = known.filter(|known| mark.is_some() && known.mark == mark)
            && known.is_over(estates.base_meta(tenant).await?.as_ref())
        {
            return Ok(known.index);
        }
        let pending = estates.pending(tenant).await?;
        let (_, index) = self.merged(platform, tenant, &pending, mark).await?;
        Ok(index)
    }

    /// The base with these states laid over it. Over the base that is known only those are read that are new: a state gives
    /// way to a later one alone, so what was laid over it before stays. `mark` was read before the states. Returns the etag
    /// of the base, too.
    async fn merged(
        &self,
        platform: &Platform,
        tenant: &TenantId,
        pending: &Pending,
        mark: Option<u64>,
    ) -> Result<(Option<String>, Arc<EstateIndex>), RecordError> {
        let estates = Estates(platform);
        let known = self
            .kept()
            .get(tenant)
            .filter(|known| known.is_over(pending.base.as_ref()));
        if let Some(known) = known.as_ref().filter(|known| known.is_of(pending)) {
            self.kept().remark(tenant, known, mark);
            return Ok((pending.base(), Arc::clone(&known.index)));
        }
        let (base, index) = match self.laid_over(&estates, known, pending).await? {
            Some(index) => (pending.base(), index),
            None => {
                let stored = estates.deltas(pending.items.clone()).await?;
                let (index, base) = estates.base(tenant).await?;
                let base = base.map(|meta| meta.etag);
                (base, lay(Arc::new(index), stored).await?)
            }
        };
        let known = Known::new(base.clone(), pending.versions(), mark, Arc::clone(&index));
        self.kept().insert(tenant, known, self.most_bytes);
        Ok((base, index))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        let base = pending.base().unwrap_or_default();
        if estates.top_made_from(tenant, &base).await?.as_ref() == Some(&made_from) {
            return Ok(());
        }
        // The states were read before now, and it is not known at which mark.
        let (base, index) = self.merged(platform, tenant, pending, None).await?;
        let Some(base) = base else {
            return Ok(());
        };
        let as_of = pending.as_of;
        let top = store::aside(WHAT, move || Ok(Top::of(&index, as_of, made_from, base))).await?;
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
