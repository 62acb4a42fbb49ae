//! Everything in an embedded store, to be moved elsewhere or here.

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::params;

use super::from_stored;
use super::keys::EmbeddedKeys;
use super::store::{Store, StoreError};
use super::table::{COLUMNS, item_of};
use crate::ports::moving::{Destination, KeyKind, Origin, Scan, StoredKey, WaitingPage};
use crate::ports::queue::MAX_DELAY_S;
use crate::ports::table::{MAX_PAGE_BYTES, MAX_PAGE_ITEMS};
use crate::ports::{Clock, Cursor, KeyError, Message, QueryPage, QueueError, TableError};
use crate::validate;

/// Everything in one embedded store.
pub struct EmbeddedDepot {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: EmbeddedKeys,
}

impl std::fmt::Debug for EmbeddedDepot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedDepot").finish_non_exhaustive()
    }
}

fn bad_cursor() -> String {
    "a cursor that was not made here".to_owned()
}

#[async_trait]
impl Scan for EmbeddedDepot {
    async fn items(&self, limit: u32, cursor: Option<&Cursor>) -> Result<QueryPage, TableError> {
        let after: (String, String) = match cursor {
            None => Default::default(),
            Some(cursor) => hex::decode(&cursor.0)
                .ok()
                .and_then(|json| serde_json::from_slice(&json).ok())
                .ok_or_else(|| TableError::Invalid(bad_cursor()))?,
        };
        let now_s = self.clock.now_s();
        let limit = limit.clamp(1, MAX_PAGE_ITEMS);
        let read = move |connection: &rusqlite::Connection| -> rusqlite::Result<_> {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM items i WHERE (i.partition, i.sort) > (?1, ?2)
                 ORDER BY i.partition, i.sort LIMIT ?3"
            ))?;
            let mut rows = statement.query(params![after.0, after.1, limit])?;
            let (mut items, mut last) = (Vec::new(), None);
            let (mut count, mut size_bytes) = (0, 0);
            while let Some(row) = rows.next()? {
                let item = item_of(row)?;
                count += 1;
                size_bytes += item.size_bytes();
                let is_full = count == limit || size_bytes >= MAX_PAGE_BYTES;
                if is_full {
                    last = Some((item.key.partition.clone(), item.key.sort.clone()));
                }
                if !item.is_expired(now_s) {
                    items.push(item);
                }
                if is_full {
                    break;
                }
            }
            Ok((items, last))
        };
        let (items, last) = self
            .store
            .read(move |connection| {
                Ok::<_, TableError>(read(connection).map_err(StoreError::from)?)
            })
            .await?;
        let next = match last {
            None => None,
            Some(last) => Some(Cursor(hex::encode(
                serde_json::to_vec(&last).map_err(|e| TableError::Unavailable(e.into()))?,
            ))),
        };
        Ok(QueryPage { items, next })
    }
}

#[async_trait]
impl Origin for EmbeddedDepot {
    async fn waiting(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<WaitingPage, QueueError> {
        validate::queue_name(queue)?;
        let after: i64 = match cursor {
            None => 0,
            Some(cursor) => cursor
                .0
                .parse()
                .map_err(|_| QueueError::Invalid(bad_cursor()))?,
        };
        let (queue, now_ms) = (queue.to_owned(), self.clock.now_ms());
        let limit = limit.clamp(1, MAX_PAGE_ITEMS);
        let read =
            move |connection: &rusqlite::Connection| -> rusqlite::Result<Vec<(i64, Message)>> {
                connection
                    .prepare_cached(
                        "SELECT number, id, body, visible_at_ms, receive_count, trace FROM messages
                     WHERE queue = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
                    )?
                    .query_map(params![queue, after, limit], |row| {
                        let mut message =
                            Message::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?);
                        let left_ms = from_stored(row.get(3)?).saturating_sub(now_ms);
                        // Of a message that was received it is not a delay, but how long it stays hidden.
                        if row.get::<_, i64>(4)? == 0 {
                            let left_s =
                                u32::try_from(left_ms.div_ceil(1000)).unwrap_or(MAX_DELAY_S);
                            message.delay_s = left_s.min(MAX_DELAY_S);
                        }
                        message.trace = row.get(5)?;
                        Ok((row.get(0)?, message))
                    })?
                    .collect()
            };
        let rows = self
            .store
            .read(move |connection| {
                Ok::<_, QueueError>(read(connection).map_err(StoreError::from)?)
            })
            .await?;
        let next = rows
            .last()
            .filter(|_| rows.len() == limit as usize)
            .map(|(number, _)| Cursor(number.to_string()));
        Ok(WaitingPage {
            messages: rows.into_iter().map(|(_, message)| message).collect(),
            next,
        })
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, KeyError> {
        let keys = self.keys.clone();
        tokio::task::spawn_blocking(move || keys.all())
            .await
            .map_err(|e| KeyError::Unavailable(e.into()))?
    }
}

#[async_trait]
impl Destination for EmbeddedDepot {
    async fn put_key(&self, key: &StoredKey) -> Result<(), KeyError> {
        self.keys.replace(key)
    }
}

impl EmbeddedKeys {
    /// Every key in the folder.
    fn all(&self) -> Result<Vec<StoredKey>, KeyError> {
        let unavailable = |e: std::io::Error| KeyError::Unavailable(e.into());
        let mut keys = Vec::new();
        for entry in fs::read_dir(self.folder()).map_err(unavailable)? {
            let file = entry.map_err(unavailable)?.file_name();
            let Some(name) = file.to_str().and_then(|name| name.strip_suffix(".key")) else {
                continue;
            };
            for kind in KeyKind::ALL {
                let prefix = format!("{}-", kind.as_str());
                if let Some(name) = name.strip_prefix(&prefix) {
                    keys.push(StoredKey {
                        kind,
                        name: name.to_owned(),
                        secret: self.secret(kind.as_str(), name)?,
                    });
                }
            }
        }
        keys.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Ok(keys)
    }
}
