//! The table, in SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::query;
use super::store::{Store, StoreError};
use super::{from_stored, to_stored};
use crate::ports::table::{fresh_version, is_expired};
use crate::ports::{
    BatchWrite, Clock, Condition, Index, IndexKey, Item, Key, Page, QueryPage, SortRange, Table,
    TableError, Write,
};
use crate::validate;

/// After this many writes some expired items are removed.
const SWEEP_EVERY: u64 = 500;
/// How many at a time.
const SWEEP_ITEMS: i64 = 200;

/// What a row is read as, in this order.
pub(crate) const COLUMNS: &str =
    "i.partition, i.sort, i.value, i.version, i.sequence, i.expires_at_s, i.places";

/// The table of one embedded store.
pub(crate) struct EmbeddedTable {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    writes: AtomicU64,
    marks: Arc<Marks>,
}

/// Counts the writes to partitions. Several partitions may share a count: then it changes oftener than it has to.
struct Marks([AtomicU64; MARKS]);

/// How many counts there are.
const MARKS: usize = 1024;

impl Marks {
    fn of(&self, partition: &str) -> &AtomicU64 {
        // FNV-1a: a few nanoseconds, and nothing depends on its being even.
        let hash = partition
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let [one, two, ..] = (hash ^ (hash >> 32)).to_le_bytes();
        let at = usize::from(u16::from_le_bytes([one, two])) % MARKS;
        // The remainder is within.
        self.0.get(at).unwrap_or(&self.0[0])
    }
}

impl From<StoreError> for TableError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(_) => Self::NoRoom(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl EmbeddedTable {
    pub(crate) fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            writes: AtomicU64::new(0),
            marks: Arc::new(Marks([const { AtomicU64::new(0) }; MARKS])),
        }
    }

    async fn run(&self, query: query::Query) -> Result<QueryPage, TableError> {
        let now_s = self.clock.now_s();
        let store = &self.store;
        let short = store
            .glance(|connection| {
                Ok::<_, TableError>(query.glance(connection, now_s).map_err(StoreError::from)?)
            })
            .await?;
        if let Some(page) = short {
            return Ok(page);
        }
        store
            .read(move |connection| Ok(query.run(connection, now_s).map_err(StoreError::from)?))
            .await
    }

    /// Does the writes in one transaction.
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<u64>, TableError> {
        let now_s = self.clock.now_s();
        let sweep = self.writes.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1;
        let versions = writes
            .iter()
            .map(|_| fresh_version())
            .collect::<Result<Vec<_>, _>>()?;
        let partitions: Vec<String> = writes
            .iter()
            .map(|write| write.key().partition.clone())
            .collect();
        let marks = Arc::clone(&self.marks);
        let mark = move || {
            for partition in &partitions {
                marks.of(partition).fetch_add(1, Ordering::Release);
            }
        };
        let work = move |connection: &Connection| {
            if sweep {
                sweep_expired(connection, now_s)?;
            }
            for (at, write) in writes.iter().enumerate() {
                if let Some(failed) = check(connection, at, write, now_s)? {
                    return Ok(Err(failed));
                }
            }
            for (write, version) in writes.iter().zip(&versions) {
                apply(connection, write, *version)?;
            }
            Ok(Ok(versions))
        };
        self.store.write_then(work, mark).await?
    }
}

#[async_trait]
impl Table for EmbeddedTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        validate::key(key)?;
        let now_s = self.clock.now_s();
        self.store
            .glance(|connection| Ok(load(connection, key, now_s).map_err(StoreError::from)?))
            .await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        validate::keys(keys)?;
        let now_s = self.clock.now_s();
        self.store
            .glance(|connection| {
                let mut items = Vec::new();
                for key in keys {
                    items.extend(load(connection, key, now_s).map_err(StoreError::from)?);
                }
                Ok(items)
            })
            .await
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        validate::item(&item)?;
        let versions = self.write(vec![Write::Put { item, condition }]).await?;
        Ok(versions.first().copied().unwrap_or_default())
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        validate::key(key)?;
        let key = key.clone();
        self.write(vec![Write::Delete { key, condition }]).await?;
        Ok(())
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        validate::query(partition, range, page)?;
        let query = query::Query::of_partition(partition, range, page)?;
        self.run(query).await
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        validate::query(partition, range, page)?;
        let query = query::Query::of_index(index, partition, range, page)?;
        self.run(query).await
    }

    fn mark(&self, partition: &str) -> Option<u64> {
        Some(self.marks.of(partition).load(Ordering::Acquire))
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        validate::transaction(&writes)?;
        if writes.is_empty() {
            return Ok(());
        }
        self.write(writes).await?;
        Ok(())
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        validate::batch(&writes)?;
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let writes = writes
            .into_iter()
            .map(|write| match write {
                BatchWrite::Put(item) => Write::Put {
                    item,
                    condition: Condition::None,
                },
                BatchWrite::Delete(key) => Write::Delete {
                    key,
                    condition: Condition::None,
                },
            })
            .collect();
        self.write(writes).await?;
        Ok(Vec::new())
    }
}

pub(crate) fn index_number(index: Index) -> i64 {
    match index {
        Index::One => 1,
        Index::Two => 2,
        Index::Three => 3,
    }
}

fn index_of(number: i64) -> Option<Index> {
    [Index::One, Index::Two, Index::Three]
        .into_iter()
        .find(|index| index_number(*index) == number)
}

fn places_text(places: &[IndexKey]) -> rusqlite::Result<Option<String>> {
    if places.is_empty() {
        return Ok(None);
    }
    let rows: Vec<(i64, &str, &str)> = places
        .iter()
        .map(|p| (index_number(p.index), p.partition.as_str(), p.sort.as_str()))
        .collect();
    serde_json::to_string(&rows)
        .map(Some)
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))
}

fn places_of(text: Option<&str>) -> rusqlite::Result<Vec<IndexKey>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let rows: Vec<(i64, String, String)> = serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(6, Type::Text, e.into()))?;
    Ok(rows
        .into_iter()
        .filter_map(|(number, partition, sort)| {
            Some(IndexKey {
                index: index_of(number)?,
                partition,
                sort,
            })
        })
        .collect())
}

/// An item of a row with [`COLUMNS`].
pub(crate) fn item_of(row: &Row<'_>) -> rusqlite::Result<Item> {
    let places: Option<&str> = row.get_ref(6)?.as_str_or_null()?;
    Ok(Item {
        key: Key {
            partition: row.get(0)?,
            sort: row.get(1)?,
        },
        value: row.get(2)?,
        version: from_stored(row.get(3)?),
        sequence: row.get::<_, Option<i64>>(4)?.map(from_stored),
        index: places_of(places)?,
        expires_at_s: row.get::<_, Option<i64>>(5)?.map(from_stored),
    })
}

fn load(connection: &Connection, key: &Key, now_s: u64) -> rusqlite::Result<Option<Item>> {
    let item = connection
        .prepare_cached(
            "SELECT i.partition, i.sort, i.value, i.version, i.sequence, i.expires_at_s, i.places \
             FROM items i WHERE i.partition = ?1 AND i.sort = ?2",
        )?
        .query_row(params![key.partition, key.sort], item_of)
        .optional()?;
    Ok(item.filter(|item| !item.is_expired(now_s)))
}

/// The error of a write whose condition does not hold.
fn check(
    connection: &Connection,
    at: usize,
    write: &Write,
    now_s: u64,
) -> rusqlite::Result<Option<TableError>> {
    let (Write::Put { condition, .. }
    | Write::Delete { condition, .. }
    | Write::Check { condition, .. }) = write;
    if *condition == Condition::None {
        return Ok(None);
    }
    let key = write.key();
    let stored: Option<(u64, Option<u64>)> = connection
        .prepare_cached(
            "SELECT version, sequence, expires_at_s FROM items WHERE partition = ?1 AND sort = ?2",
        )?
        .query_row(params![key.partition, key.sort], |row| {
            let expires_at_s = row.get::<_, Option<i64>>(2)?.map(from_stored);
            Ok((!is_expired(expires_at_s, now_s)).then_some((
                from_stored(row.get(0)?),
                row.get::<_, Option<i64>>(1)?.map(from_stored),
            )))
        })
        .optional()?
        .flatten();
    let holds = match condition {
        Condition::None => true,
        Condition::NotExists => stored.is_none(),
        Condition::Exists => stored.is_some(),
        Condition::VersionIs(version) => stored.is_some_and(|(is, _)| is == *version),
        Condition::SequenceBelow(limit) => stored
            .and_then(|(_, sequence)| sequence)
            .is_none_or(|sequence| sequence < *limit),
    };
    if holds {
        return Ok(None);
    }
    Ok(Some(TableError::ConditionFailed {
        at,
        current: load(connection, key, now_s)?.map(Box::new),
    }))
}

fn apply(connection: &Connection, write: &Write, version: u64) -> rusqlite::Result<()> {
    match write {
        Write::Put { item, .. } => put(connection, item, version),
        Write::Delete { key, .. } => remove(connection, key),
        Write::Check { .. } => Ok(()),
    }
}

fn put(connection: &Connection, item: &Item, version: u64) -> rusqlite::Result<()> {
    let key = &item.key;
    let places = places_text(&item.index)?;
    let former: Option<Option<String>> = connection
        .prepare_cached("SELECT places FROM items WHERE partition = ?1 AND sort = ?2")?
        .query_row(params![key.partition, key.sort], |row| row.get(0))
        .optional()?;
    let former = former.flatten();
    if former != places {
        forget_places(connection, key, former.as_deref())?;
        for place in &item.index {
            connection
                .prepare_cached("INSERT OR REPLACE INTO places VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    index_number(place.index),
                    place.partition,
                    place.sort,
                    key.partition,
                    key.sort
                ])?;
        }
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            key.partition,
            key.sort,
            item.value,
            to_stored(version),
            item.sequence.map(to_stored),
            item.expires_at_s.map(to_stored),
            places
        ])?;
    Ok(())
}

fn remove(connection: &Connection, key: &Key) -> rusqlite::Result<()> {
    let former: Option<Option<String>> = connection
        .prepare_cached("DELETE FROM items WHERE partition = ?1 AND sort = ?2 RETURNING places")?
        .query_row(params![key.partition, key.sort], |row| row.get(0))
        .optional()?;
    forget_places(connection, key, former.flatten().as_deref())
}

fn forget_places(connection: &Connection, key: &Key, former: Option<&str>) -> rusqlite::Result<()> {
    for place in places_of(former)? {
        connection
            .prepare_cached(
                "DELETE FROM places WHERE name = ?1 AND place_partition = ?2 AND place_sort = ?3
                 AND partition = ?4 AND sort = ?5",
            )?
            .execute(params![
                index_number(place.index),
                place.partition,
                place.sort,
                key.partition,
                key.sort
            ])?;
    }
    Ok(())
}

/// Removes some items that are absent already for every reader.
fn sweep_expired(connection: &Connection, now_s: u64) -> rusqlite::Result<()> {
    let keys: Vec<Key> = connection
        .prepare_cached(
            "SELECT partition, sort FROM items WHERE expires_at_s IS NOT NULL AND expires_at_s <= ?1
             AND expires_at_s >= 0 LIMIT ?2",
        )?
        .query_map(params![to_stored(now_s), SWEEP_ITEMS], |row| {
            Ok(Key {
                partition: row.get(0)?,
                sort: row.get(1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    keys.iter().try_for_each(|key| remove(connection, key))
}
