//! Reading the whole table.

use super::item;
use super::{AwsTable, table_error};
use crate::ports::table::MAX_PAGE_ITEMS;
use crate::ports::{Cursor, Key, QueryPage, TableError};

impl AwsTable {
    /// A page of all items, in DynamoDB's own order. A page of it is at most 1 MB. Source: Amazon DynamoDB API Reference,
    /// Scan.
    pub(in crate::aws) async fn scan(
        &self,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<QueryPage, TableError> {
        let start = match cursor {
            None => None,
            Some(cursor) => Some(item::write_key(&read_cursor(cursor)?)),
        };
        let limit = limit.clamp(1, MAX_PAGE_ITEMS);
        let answer = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|e| table_error("Scan", 0, e))?;
        let now_s = self.clock.now_s();
        let mut items = answer
            .items
            .unwrap_or_default()
            .into_iter()
            .map(item::read_item)
            .collect::<Result<Vec<_>, _>>()?;
        items.retain(|item| !item.is_expired(now_s));
        let next = match answer.last_evaluated_key.filter(|key| !key.is_empty()) {
            None => None,
            Some(mut last) => Some(write_cursor(&item::read_key(&mut last)?)?),
        };
        Ok(QueryPage { items, next })
    }
}

fn write_cursor(key: &Key) -> Result<Cursor, TableError> {
    serde_json::to_vec(&(&key.partition, &key.sort))
        .map(|json| Cursor(hex::encode(json)))
        .map_err(|error| TableError::Unavailable(error.into()))
}

fn read_cursor(cursor: &Cursor) -> Result<Key, TableError> {
    hex::decode(&cursor.0)
        .ok()
        .and_then(|json| serde_json::from_slice::<(String, String)>(&json).ok())
        .map(|(partition, sort)| Key { partition, sort })
        .ok_or_else(|| TableError::Invalid("a cursor that was not made here".to_owned()))
}
