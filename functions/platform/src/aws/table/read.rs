//! Reads: single items, many at once, pages.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::item::{self, Attributes};
use super::query::Target;
use super::{AwsTable, table_error};
use crate::ports::table::{MAX_PAGE_BYTES, MAX_PAGE_ITEMS};
use crate::ports::{Index, IndexKey, Item, Key, Page, QueryPage, TableError};

/// Requests in a row that may process nothing before many keys are given up.
const MAX_IDLE_ROUNDS: u32 = 6;
/// First pause after such a request; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Items of an index page that are read at once: with the largest items 10 of the 16 MB that one answer holds, and little
/// is read in vain when a page ends by its bytes.
const INDEX_STEP: usize = 25;

impl AwsTable {
    /// An item, unless it has expired.
    pub(super) async fn read(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(item::write_key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| table_error("GetItem", 0, e))?;
        let item = answer.item.map(item::read_item).transpose()?;
        let now_s = self.clock.now_s();
        Ok(item.filter(|item| !item.is_expired(now_s)))
    }

    /// The items under these keys that are there and have not expired. What DynamoDB had no room or capacity for is asked
    /// for again.
    pub(super) async fn read_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        let mut left: Vec<Attributes> = keys.iter().map(item::write_key).collect();
        let mut items = Vec::with_capacity(keys.len());
        let mut idle = 0;
        while !left.is_empty() {
            let asked = left.len();
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(left))
                .consistent_read(true)
                .build()
                .map_err(|e| TableError::Invalid(e.to_string()))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, keys)
                .send()
                .await
                .map_err(|e| table_error("BatchGetItem", 0, e))?;
            for found in answer.responses.unwrap_or_default().into_values().flatten() {
                items.push(item::read_item(found)?);
            }
            left = answer
                .unprocessed_keys
                .unwrap_or_default()
                .into_values()
                .flat_map(|keys| keys.keys)
                .collect();
            if left.len() < asked {
                idle = 0;
                continue;
            }
            idle += 1;
            if idle >= MAX_IDLE_ROUNDS {
                return Err(TableError::Throttled);
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(idle - 1)).await;
        }
        let now_s = self.clock.now_s();
        items.retain(|item| !item.is_expired(now_s));
        Ok(items)
    }

    /// What one request finds in a partition, and the key where it ended.
    async fn ask(
        &self,
        target: Target<'_>,
        page: &Page,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), TableError> {
        let (condition, values) = target.condition();
        let limit = page.limit.min(MAX_PAGE_ITEMS);
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(target.index.map(|index| item::names(index).0.to_owned()))
            // An index cannot be read so.
            .consistent_read(target.index.is_none())
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(target.start(page)?)
            .scan_index_forward(!page.descending)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|e| table_error("Query", 0, e))?;
        Ok((
            answer.items.unwrap_or_default(),
            answer.last_evaluated_key.filter(|key| !key.is_empty()),
        ))
    }

    /// A page of a partition of the table.
    pub(super) async fn read_page(
        &self,
        target: Target<'_>,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        let (found, last) = self.ask(target, page).await?;
        let now_s = self.clock.now_s();
        let mut items = found
            .into_iter()
            .map(item::read_item)
            .collect::<Result<Vec<_>, _>>()?;
        items.retain(|item| !item.is_expired(now_s));
        let next = match last {
            None => None,
            Some(mut last) => Some(target.cursor(&item::read_key(&mut last)?, None)?),
        };
        Ok(QueryPage { items, next })
    }

    /// A page of an index. The index holds keys alone, so that a write which moves no key costs nothing there; the items
    /// are then read by their keys, as they are now. What has left its place since is left out.
    pub(super) async fn read_index_page(
        &self,
        target: Target<'_>,
        index: Index,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        let (found, last) = self.ask(target, page).await?;
        let places = found
            .into_iter()
            .map(|attributes| place_of(attributes, index))
            .collect::<Result<Vec<_>, _>>()?;
        let mut items = Vec::new();
        let mut size_bytes = 0;
        for step in places.chunks(INDEX_STEP) {
            // While an item moves, an index may show it in both its places.
            let keys: HashSet<Key> = step.iter().map(|(key, _)| key.clone()).collect();
            let keys: Vec<Key> = keys.into_iter().collect();
            let mut now: HashMap<Key, Item> = self
                .read_many(&keys)
                .await?
                .into_iter()
                .map(|item| (item.key.clone(), item))
                .collect();
            for (key, place) in step {
                let Some(item) = now.remove(key) else {
                    continue;
                };
                if !item.index.contains(place) {
                    now.insert(key.clone(), item);
                    continue;
                }
                size_bytes += item.size_bytes();
                items.push(item);
                if size_bytes >= MAX_PAGE_BYTES {
                    let next = Some(target.cursor(key, Some(place))?);
                    return Ok(QueryPage { items, next });
                }
            }
        }
        let next = match last {
            None => None,
            Some(last) => {
                let (key, place) = place_of(last, index)?;
                Some(target.cursor(&key, Some(&place))?)
            }
        };
        Ok(QueryPage { items, next })
    }
}

/// The key of an item that an index shows, and its place there.
fn place_of(mut attributes: Attributes, index: Index) -> Result<(Key, IndexKey), TableError> {
    let place = item::read_place(&mut attributes, index);
    let key = item::read_key(&mut attributes)?;
    let place = place.ok_or_else(|| {
        TableError::Unavailable(format!("index {index:?} shows an item without its place").into())
    })?;
    Ok((key, place))
}
