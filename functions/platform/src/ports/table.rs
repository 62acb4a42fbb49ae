//! The table: small items under a partition key and a sort key.
//!
//! What is promised, on every platform:
//! - keys compare bytewise; an item is at most [`MAX_ITEM_BYTES`] with its keys;
//! - `get`, `get_many` and `query` see every write that was acknowledged before they began;
//!   `query_index` sees it eventually, and may show an item's former state until then;
//! - a conditional write reads and writes in one step; a transaction happens wholly or not at all;
//! - a page ends at its limit or at [`MAX_PAGE_BYTES`], counted before expired items are left out, so
//!   that it may be empty and still carry a cursor; a cursor may also lead to an empty last page;
//! - an item whose time to live has passed is absent for reads and for conditions alike;
//! - an error other than [`TableError::ConditionFailed`], [`TableError::Invalid`] and
//!   [`TableError::TooLarge`] does not tell whether the write happened: repeat it, with its condition.

use async_trait::async_trait;

use super::Source;

/// Largest item with its keys, in bytes (400 KiB).
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// Bytes that are counted for an item beside its keys and its value.
pub const ITEM_OVERHEAD_BYTES: usize = 128;
/// Bytes that are counted for an index key beside its partition and sort.
pub const INDEX_OVERHEAD_BYTES: usize = 32;
/// Longest partition key, in bytes.
pub const MAX_PARTITION_BYTES: usize = 2048;
/// Longest sort key, in bytes.
pub const MAX_SORT_BYTES: usize = 1024;
/// Most keys in one `get_many`.
pub const MAX_GET_MANY: usize = 100;
/// Most writes in one transaction.
pub const MAX_TRANSACTION_ITEMS: usize = 100;
/// Most bytes in one transaction (4 MiB).
pub const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;
/// Most writes in one unconditional batch.
pub const MAX_BATCH_WRITES: usize = 25;
/// A page ends after the item that reaches this many bytes (1 MiB).
pub const MAX_PAGE_BYTES: usize = 1024 * 1024;
/// Largest limit of a page, in items; a greater one is taken as this.
pub const MAX_PAGE_ITEMS: u32 = 1000;

/// The name of an item: both parts are non-empty and compare bytewise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Items of one partition are queried together. 1 to 2,048 bytes.
    pub partition: String,
    /// Orders the items of a partition. 1 to 1,024 bytes.
    pub sort: String,
}

impl Key {
    /// A key of its two parts.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort: sort.into(),
        }
    }
}

/// The secondary indexes that every platform has. What each means is the caller's business; keys of
/// different nouns share an index by their prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Index {
    /// The first index.
    One,
    /// The second index.
    Two,
    /// The third index.
    Three,
}

/// A place of an item in a secondary index. Several items may share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexKey {
    /// Which index; an item is in each at most once.
    pub index: Index,
    /// Partition within the index, with the limits of [`Key::partition`].
    pub partition: String,
    /// Order within that partition, with the limits of [`Key::sort`].
    pub sort: String,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub key: Key,
    /// Its content, opaque here.
    pub value: Vec<u8>,
    /// The state that was read: an opaque number which every write replaces by a fresh one. Compare it
    /// for equality only. What is put here by a writer is ignored.
    pub version: u64,
    /// The source's sequence, for [`Condition::SequenceBelow`].
    pub sequence: Option<u64>,
    /// Its places in the secondary indexes.
    pub index: Vec<IndexKey>,
    /// Time to live: from this second on (since 1970) the item is absent.
    pub expires_at_s: Option<u64>,
}

impl Item {
    /// An item without sequence, index keys or time to live.
    pub fn new(key: Key, value: impl Into<Vec<u8>>) -> Self {
        Self {
            key,
            value: value.into(),
            version: 0,
            sequence: None,
            index: Vec::new(),
            expires_at_s: None,
        }
    }

    /// The same item with a source sequence.
    #[must_use]
    pub fn with_sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// The same item with a further place in a secondary index.
    #[must_use]
    pub fn with_index(
        mut self,
        index: Index,
        partition: impl Into<String>,
        sort: impl Into<String>,
    ) -> Self {
        self.index.push(IndexKey {
            index,
            partition: partition.into(),
            sort: sort.into(),
        });
        self
    }

    /// The same item with a time to live.
    #[must_use]
    pub fn with_expiry(mut self, expires_at_s: u64) -> Self {
        self.expires_at_s = Some(expires_at_s);
        self
    }

    /// Whether its time to live has passed: then it is absent, wherever it still lies.
    #[must_use]
    pub fn is_expired(&self, now_s: u64) -> bool {
        is_expired(self.expires_at_s, now_s)
    }

    /// The size that the limits count, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let index: usize = self
            .index
            .iter()
            .map(|key| key.partition.len() + key.sort.len() + INDEX_OVERHEAD_BYTES)
            .sum();
        self.key.partition.len()
            + self.key.sort.len()
            + self.value.len()
            + index
            + ITEM_OVERHEAD_BYTES
    }
}

/// Whether a time to live has passed.
pub(crate) fn is_expired(expires_at_s: Option<u64>, now_s: u64) -> bool {
    expires_at_s.is_some_and(|at| at <= now_s)
}

/// A version which no other state of an item has had: 63 random bits.
pub(crate) fn fresh_version() -> Result<u64, TableError> {
    getrandom::u64()
        .map(|bits| bits >> 1)
        .map_err(|e| TableError::Unavailable(e.into()))
}

/// When a write applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    None,
    /// Only when no item has the key.
    NotExists,
    /// Only when an item has the key.
    Exists,
    /// Only when the stored item is the state that was read ([`Item::version`]).
    VersionIs(u64),
    /// Only when the stored sequence is lower, or the stored item has none, or there is no item. Queues
    /// promise no order, so this is how news about one thing are kept from going backwards. A delete
    /// forgets the sequence; where older news may still arrive, put an item that says "deleted".
    SequenceBelow(u64),
}

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Puts an item.
    Put {
        /// What is stored.
        item: Item,
        /// When.
        condition: Condition,
    },
    /// Deletes an item; its absence is no failure by itself.
    Delete {
        /// Which.
        key: Key,
        /// When.
        condition: Condition,
    },
    /// Writes nothing, but the whole transaction depends on it.
    Check {
        /// Which.
        key: Key,
        /// What must hold.
        condition: Condition,
    },
}

impl Write {
    /// The key that this write is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { item, .. } => &item.key,
            Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }
}

/// One write of an unconditional batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchWrite {
    /// Puts an item.
    Put(Item),
    /// Deletes an item.
    Delete(Key),
}

impl BatchWrite {
    /// The key that this write is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Put(item) => &item.key,
            Self::Delete(key) => key,
        }
    }
}

/// Which sort keys of a partition a query reads. All bounds are inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortRange {
    /// All of them.
    All,
    /// Those which begin with this.
    Prefix(String),
    /// Those from the first to the second.
    Between(String, String),
    /// This one and those above.
    AtLeast(String),
    /// This one and those below.
    AtMost(String),
}

impl SortRange {
    /// Whether a sort key lies in it. Text compares by its bytes.
    #[must_use]
    pub fn contains(&self, sort: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => sort.starts_with(prefix.as_str()),
            Self::Between(from, to) => sort >= from.as_str() && sort <= to.as_str(),
            Self::AtLeast(from) => sort >= from.as_str(),
            Self::AtMost(to) => sort <= to.as_str(),
        }
    }
}

/// Where a page ended. Opaque, and valid only for the query that gave it; it is neither secret nor
/// signed, so an API that hands it out seals it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Which page of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most items that are looked at, 1 to [`MAX_PAGE_ITEMS`].
    pub limit: u32,
    /// Where the former page ended.
    pub cursor: Option<Cursor>,
    /// From the highest sort key to the lowest.
    pub descending: bool,
}

impl Page {
    /// The first page, ascending.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self {
            limit,
            cursor: None,
            descending: false,
        }
    }

    /// The first page, descending.
    #[must_use]
    pub fn last(limit: u32) -> Self {
        Self {
            limit,
            cursor: None,
            descending: true,
        }
    }

    /// The same page after a cursor.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.cursor = cursor;
        self
    }
}

/// One page of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPage {
    /// The items, in order of their sort keys; may be empty although there is a cursor.
    pub items: Vec<Item>,
    /// `None` at the end; otherwise there may be more.
    pub next: Option<Cursor>,
}

/// Why the table did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Another write to the same items was under way. Nothing was written; repeat.
    #[error("another write to the same item was under way")]
    Conflict,
    /// A condition did not hold. Nothing was written.
    #[error("the condition of write {at} did not hold")]
    ConditionFailed {
        /// Which write of a transaction, from 0; 0 for a single write.
        at: usize,
        /// What is stored instead, if anything: compare it with what was to be written to recognise
        /// one's own earlier write whose acknowledgement was lost.
        current: Option<Box<Item>>,
    },
    /// Too many requests; repeat later.
    #[error("too many requests at once")]
    Throttled,
    /// Above a limit of the table.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The request can never succeed.
    #[error("invalid request: {0}")]
    Invalid(String),
    /// The store has no room left.
    #[error("the store has no room left")]
    NoRoom(#[source] Source),
    /// The store could not be reached or failed; whether the write happened is unknown.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
}

impl TableError {
    /// Whether the same request may succeed when it is repeated unchanged.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Conflict | Self::Throttled | Self::NoRoom(_) | Self::Unavailable(_)
        )
    }
}

/// Items under keys. See the module for what is promised.
#[async_trait]
pub trait Table: Send + Sync {
    /// The item under `key`, strongly consistent.
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError>;

    /// The items under up to 100 distinct keys, in no promised order; those absent are left out. Each
    /// is strongly consistent, all together are not one moment.
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError>;

    /// Stores an item wholly, replacing what was there, and returns its new version.
    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError>;

    /// Deletes an item. Deleting what is absent succeeds when the condition does.
    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError>;

    /// One page of a partition, strongly consistent.
    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError>;

    /// One page of a secondary index, eventually consistent: it may miss new items and show former
    /// states. Read the item by its key before deciding anything by it.
    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError>;

    /// A mark of a partition that changes with each write to it before that is acknowledged, where the platform can tell
    /// without reading: what was read of it after the same mark is as new, but for items whose time to live passed. `None`
    /// where it cannot: then read. What is read between two marks that differ may be older than the second.
    fn mark(&self, _partition: &str) -> Option<u64> {
        None
    }

    /// Does all writes or none: up to 100 distinct items, 4 MiB together.
    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError>;

    /// Does up to 25 unconditional writes of distinct items, each by itself, and returns those which
    /// were not processed; send these again later.
    #[must_use = "the writes returned were not done"]
    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError>;
}
