//! The table in hostile weather.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Dice, Forecast, lost_ack};
use crate::ports::{
    BatchWrite, Condition, Cursor, Index, Item, Key, Page, QueryPage, SortRange, Table, TableError,
    Write,
};

/// What a cursor begins with that stands for the beginning.
const START: &str = "start:";
/// Most writes that are hidden from the indexes at a time.
const MAX_HIDDEN: usize = 256;

/// A write which the indexes do not show yet.
#[derive(Debug)]
struct Hidden {
    key: Key,
    former: Option<Item>,
    queries_left: usize,
}

/// A table in hostile weather.
pub(super) struct WeatherTable {
    inner: Arc<dyn Table>,
    forecast: Forecast,
    dice: Arc<Dice>,
    hidden: Mutex<Vec<Hidden>>,
}

impl WeatherTable {
    pub(super) fn new(inner: Arc<dyn Table>, forecast: Forecast, dice: Arc<Dice>) -> Self {
        Self {
            inner,
            forecast,
            dice,
            hidden: Mutex::new(Vec::new()),
        }
    }

    fn before(&self) -> Result<(), TableError> {
        if self.dice.happens(self.forecast.throttled) {
            return Err(TableError::Throttled);
        }
        Ok(())
    }

    /// What may go wrong before a write; remembers what the indexes go on showing.
    async fn before_write(&self, keys: &[Key]) -> Result<(), TableError> {
        self.before()?;
        if self.dice.happens(self.forecast.conflicts) {
            return Err(TableError::Conflict);
        }
        for key in keys {
            if !self.dice.happens(self.forecast.stale_index) {
                continue;
            }
            let former = self.inner.get(key).await?;
            let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
            if hidden.len() < MAX_HIDDEN && !hidden.iter().any(|h| h.key == *key) {
                hidden.push(Hidden {
                    key: key.clone(),
                    former,
                    queries_left: 1 + self.dice.below(4),
                });
            }
        }
        Ok(())
    }

    fn after_write<T>(&self, done: T) -> Result<T, TableError> {
        if self.dice.happens(self.forecast.lost_acks) {
            return Err(TableError::Unavailable(lost_ack()));
        }
        Ok(done)
    }

    /// The page that is really asked for, or an empty one.
    fn page(&self, page: &Page) -> Result<Page, QueryPage> {
        let mut asked = page.clone();
        if asked.cursor.as_ref().is_some_and(|c| c.0 == START) {
            asked.cursor = None;
        }
        if page.limit == 0 || !self.dice.happens(self.forecast.partial) {
            return Ok(asked);
        }
        if self.dice.below(3) == 0 {
            let next = asked.cursor.unwrap_or_else(|| Cursor(START.to_owned()));
            return Err(QueryPage {
                items: Vec::new(),
                next: Some(next),
            });
        }
        let shorter = 1 + self.dice.below(asked.limit as usize);
        asked.limit = u32::try_from(shorter).unwrap_or(asked.limit);
        Ok(asked)
    }

    /// Makes a page of an index show the past.
    fn make_stale(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        asked: &Page,
        page: &mut QueryPage,
    ) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let is_whole = asked.cursor.is_none() && page.next.is_none();
        for write in hidden.iter_mut() {
            write.queries_left = write.queries_left.saturating_sub(1);
            page.items.retain(|item| item.key != write.key);
            // A former state that lay in other pages is left out: an index may miss things too.
            if is_whole
                && let Some(former) = &write.former
                && place(former, index, partition).is_some_and(|sort| range.contains(sort))
            {
                page.items.push(former.clone());
            }
        }
        hidden.retain(|write| write.queries_left > 0);
        page.items.sort_by(|a, b| {
            let (a, b) = (place(a, index, partition), place(b, index, partition));
            if asked.descending {
                b.cmp(&a)
            } else {
                a.cmp(&b)
            }
        });
    }
}

fn place<'a>(item: &'a Item, index: Index, partition: &str) -> Option<&'a str> {
    item.index
        .iter()
        .find(|place| place.index == index && place.partition == partition)
        .map(|place| place.sort.as_str())
}

#[async_trait]
impl Table for WeatherTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.before()?;
        self.inner.get(key).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.before()?;
        let mut items = self.inner.get_many(keys).await?;
        self.dice.shuffle(&mut items);
        Ok(items)
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        self.before_write(std::slice::from_ref(&item.key)).await?;
        let version = self.inner.put(item, condition).await?;
        self.after_write(version)
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        self.before_write(std::slice::from_ref(key)).await?;
        self.inner.delete(key, condition).await?;
        self.after_write(())
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.before()?;
        match self.page(page) {
            Ok(page) => self.inner.query(partition, range, &page).await,
            Err(empty) => Ok(empty),
        }
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.before()?;
        let asked = match self.page(page) {
            Ok(asked) => asked,
            Err(empty) => return Ok(empty),
        };
        let mut page = self
            .inner
            .query_index(index, partition, range, &asked)
            .await?;
        self.make_stale(index, partition, range, &asked, &mut page);
        Ok(page)
    }

    fn mark(&self, partition: &str) -> Option<u64> {
        self.inner.mark(partition)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let keys: Vec<Key> = writes.iter().map(|write| write.key().clone()).collect();
        self.before_write(&keys).await?;
        self.inner.transact(writes).await?;
        self.after_write(())
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        let keys: Vec<Key> = writes.iter().map(|write| write.key().clone()).collect();
        self.before_write(&keys).await?;
        let mut now = writes;
        let mut later = Vec::new();
        // A batch which breaks a limit is refused wholly, in any weather.
        if now.len() <= crate::ports::table::MAX_BATCH_WRITES
            && self.dice.happens(self.forecast.partial)
        {
            later = now.split_off(self.dice.below(now.len()));
        }
        later.extend(self.inner.write_batch(now).await?);
        self.after_write(later)
    }
}
