//! The table, counted.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{Count, Meter, Operation, rules};
use crate::ports::{
    BatchWrite, Condition, Index, Item, Key, Page, QueryPage, SortRange, Table, TableError, Write,
};

pub(super) struct MeteredTable {
    pub(super) inner: Arc<dyn Table>,
    pub(super) meter: Arc<Meter>,
}

/// What one write is, as far as counting goes.
struct Planned {
    key: Key,
    after: Option<Item>,
    /// A check reads, but is billed as a write.
    is_check: bool,
}

impl MeteredTable {
    /// Units of some writes. A write whose condition does not hold costs as much.
    async fn write_units(&self, writes: &[Planned]) -> u64 {
        let mut units: u64 = 0;
        for write in writes {
            let before = if self.meter.looks {
                self.inner.get(&write.key).await.ok().flatten()
            } else {
                None
            };
            let after = if write.is_check {
                before.as_ref()
            } else {
                write.after.as_ref()
            };
            units = units.saturating_add(rules::replace(before.as_ref(), after));
        }
        units
    }

    fn add<T>(
        &self,
        operation: Operation,
        begun: Instant,
        cost: Count,
        done: Result<T, TableError>,
    ) -> Result<T, TableError> {
        self.meter.add(operation, begun, done.is_err(), cost);
        done
    }
}

fn one_put(item: &Item) -> Planned {
    Planned {
        key: item.key.clone(),
        after: Some(item.clone()),
        is_check: false,
    }
}

fn one_delete(key: &Key) -> Planned {
    Planned {
        key: key.clone(),
        after: None,
        is_check: false,
    }
}

fn bytes<'a>(items: impl IntoIterator<Item = &'a Item>) -> u64 {
    items.into_iter().map(rules::item_bytes).sum()
}

fn sent(requests: u64, write_units: u64, planned: &[Planned]) -> Count {
    Count {
        requests,
        write_units,
        sent_bytes: bytes(planned.iter().filter_map(|write| write.after.as_ref())),
        ..Count::default()
    }
}

fn received(read_half_units: u64, received_bytes: u64) -> Count {
    Count {
        requests: 1,
        read_half_units,
        received_bytes,
        ..Count::default()
    }
}

#[async_trait]
impl Table for MeteredTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let begun = Instant::now();
        let found = self.inner.get(key).await;
        let size = found.as_ref().map_or(0, bytes);
        let cost = received(rules::strong_read(size), size);
        self.add(Operation::Get, begun, cost, found)
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        let begun = Instant::now();
        let found = self.inner.get_many(keys).await;
        let items = found.as_deref().unwrap_or_default();
        let absent = keys.len().saturating_sub(items.len()) as u64;
        let units = items
            .iter()
            .map(|item| rules::strong_read(rules::item_bytes(item)))
            .sum::<u64>()
            + absent * rules::strong_read(0);
        let cost = received(units, bytes(items));
        self.add(Operation::GetMany, begun, cost, found)
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        let planned = [one_put(&item)];
        let units = self.write_units(&planned).await;
        let begun = Instant::now();
        let done = self.inner.put(item, condition).await;
        let cost = sent(1, units, &planned);
        self.add(Operation::Put, begun, cost, done)
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        let planned = [one_delete(key)];
        let units = self.write_units(&planned).await;
        let begun = Instant::now();
        let done = self.inner.delete(key, condition).await;
        let cost = sent(1, units, &planned);
        self.add(Operation::Delete, begun, cost, done)
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        let begun = Instant::now();
        let found = self.inner.query(partition, range, page).await;
        let size = found.as_ref().map_or(0, |page| bytes(&page.items));
        let cost = received(rules::strong_read(size), size);
        self.add(Operation::Query, begun, cost, found)
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        let begun = Instant::now();
        let found = self.inner.query_index(index, partition, range, page).await;
        let items = found
            .as_ref()
            .map(|page| page.items.as_slice())
            .unwrap_or_default();
        // The index has keys only: each item is read by its key, in one more request.
        let keys = rules::eventual_read(rules::index_page_bytes(items, index));
        let whole: u64 = items
            .iter()
            .map(|item| rules::strong_read(rules::item_bytes(item)))
            .sum();
        let cost = Count {
            requests: 1 + (items.len() as u64).div_ceil(100),
            ..received(keys + whole, bytes(items))
        };
        self.add(Operation::QueryIndex, begun, cost, found)
    }

    fn mark(&self, partition: &str) -> Option<u64> {
        // The cloud has none, and what it would be asked is counted.
        if self.meter.is_looking() {
            return None;
        }
        self.inner.mark(partition)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let planned: Vec<_> = writes
            .iter()
            .map(|write| match write {
                Write::Put { item, .. } => one_put(item),
                Write::Delete { key, .. } => one_delete(key),
                Write::Check { key, .. } => Planned {
                    is_check: true,
                    ..one_delete(key)
                },
            })
            .collect();
        // A transaction writes everything twice: once to prepare, once for good.
        let units = 2 * self.write_units(&planned).await;
        let begun = Instant::now();
        let done = self.inner.transact(writes).await;
        let cost = sent(1, units, &planned);
        self.add(Operation::Transact, begun, cost, done)
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        let planned: Vec<_> = writes
            .iter()
            .map(|write| match write {
                BatchWrite::Put(item) => one_put(item),
                BatchWrite::Delete(key) => one_delete(key),
            })
            .collect();
        let units = self.write_units(&planned).await;
        let begun = Instant::now();
        let done = self.inner.write_batch(writes).await;
        let cost = sent(1, units, &planned);
        self.add(Operation::WriteBatch, begun, cost, done)
    }
}
