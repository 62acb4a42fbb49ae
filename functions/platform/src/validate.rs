//! The limits of the ports, checked before a request reaches an adapter's store.

use std::collections::HashSet;

use crate::ports::queue::{
    MAX_DELAY_S, MAX_ID_BYTES, MAX_MESSAGE_BYTES, MAX_NAME_BYTES, MAX_REASON_BYTES,
    MAX_VISIBILITY_S, MAX_WAIT_S,
};
use crate::ports::table::{
    MAX_BATCH_WRITES, MAX_GET_MANY, MAX_ITEM_BYTES, MAX_PARTITION_BYTES, MAX_SORT_BYTES,
    MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS,
};
use crate::ports::{
    BatchWrite, Item, Key, Message, Page, QueueError, Receive, SortRange, TableError, Write,
};

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), TableError> {
    if size > limit {
        return Err(TableError::TooLarge { what, size, limit });
    }
    Ok(())
}

/// A partition key, of the table or of an index.
pub(crate) fn partition(partition: &str) -> Result<(), TableError> {
    if partition.is_empty() {
        return Err(TableError::Invalid("empty partition key".to_owned()));
    }
    within(
        "partition key in bytes",
        partition.len(),
        MAX_PARTITION_BYTES,
    )
}

fn sort(sort: &str) -> Result<(), TableError> {
    if sort.is_empty() {
        return Err(TableError::Invalid("empty sort key".to_owned()));
    }
    within("sort key in bytes", sort.len(), MAX_SORT_BYTES)
}

/// A key.
pub(crate) fn key(key: &Key) -> Result<(), TableError> {
    partition(&key.partition)?;
    sort(&key.sort)
}

/// An item that is to be stored.
pub(crate) fn item(item: &Item) -> Result<(), TableError> {
    key(&item.key)?;
    let mut indexes = HashSet::new();
    for place in &item.index {
        partition(&place.partition)?;
        sort(&place.sort)?;
        if !indexes.insert(place.index) {
            return Err(TableError::Invalid(
                "an item with two places in one index".to_owned(),
            ));
        }
    }
    within("item in bytes", item.size_bytes(), MAX_ITEM_BYTES)
}

fn distinct<'a>(keys: impl Iterator<Item = &'a Key>) -> Result<(), TableError> {
    let mut seen = HashSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(TableError::Invalid(format!(
                "the key {:?} {:?} twice in one request",
                key.partition, key.sort
            )));
        }
    }
    Ok(())
}

/// The keys of a `get_many`.
pub(crate) fn keys(keys: &[Key]) -> Result<(), TableError> {
    within("request in keys", keys.len(), MAX_GET_MANY)?;
    keys.iter().try_for_each(key)?;
    distinct(keys.iter())
}

/// The writes of a transaction.
pub(crate) fn transaction(writes: &[Write]) -> Result<(), TableError> {
    within("transaction in items", writes.len(), MAX_TRANSACTION_ITEMS)?;
    let mut size = 0;
    for write in writes {
        size += match write {
            Write::Put { item: put, .. } => {
                item(put)?;
                put.size_bytes()
            }
            Write::Delete { key: of, .. } | Write::Check { key: of, .. } => {
                key(of)?;
                of.partition.len() + of.sort.len()
            }
        };
    }
    within("transaction in bytes", size, MAX_TRANSACTION_BYTES)?;
    distinct(writes.iter().map(Write::key))
}

/// The writes of an unconditional batch.
pub(crate) fn batch(writes: &[BatchWrite]) -> Result<(), TableError> {
    within("batch in items", writes.len(), MAX_BATCH_WRITES)?;
    for write in writes {
        match write {
            BatchWrite::Put(put) => item(put)?,
            BatchWrite::Delete(of) => key(of)?,
        }
    }
    distinct(writes.iter().map(BatchWrite::key))
}

/// A query.
pub(crate) fn query(of: &str, range: &SortRange, page: &Page) -> Result<(), TableError> {
    partition(of)?;
    if page.limit == 0 {
        return Err(TableError::Invalid("a page of no items".to_owned()));
    }
    match range {
        SortRange::All => Ok(()),
        SortRange::Prefix(one) | SortRange::AtLeast(one) | SortRange::AtMost(one) => sort(one),
        SortRange::Between(from, to) => {
            sort(from)?;
            sort(to)?;
            if from.as_bytes() > to.as_bytes() {
                return Err(TableError::Invalid(
                    "a range that ends before it begins".to_owned(),
                ));
            }
            Ok(())
        }
    }
}

/// The name of a queue.
pub(crate) fn queue_name(name: &str) -> Result<(), QueueError> {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits {
        Ok(())
    } else {
        Err(QueueError::Invalid(format!("queue name {name:?}")))
    }
}

/// Whether XML 1.0 allows a character.
pub(crate) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// A message that is to be sent.
pub(crate) fn message(message: &Message) -> Result<(), QueueError> {
    let id_fits = (1..=MAX_ID_BYTES).contains(&message.id.len())
        && message.id.bytes().all(|b| b.is_ascii_graphic());
    if !id_fits {
        return Err(QueueError::Invalid(format!("message id {:?}", message.id)));
    }
    if message.body.is_empty() {
        return Err(QueueError::Invalid("an empty message".to_owned()));
    }
    if message.body.len() > MAX_MESSAGE_BYTES {
        return Err(QueueError::TooLarge {
            what: "message in bytes",
            size: message.body.len(),
            limit: MAX_MESSAGE_BYTES,
        });
    }
    let traced = message.trace.as_ref();
    if traced.is_some_and(|trace| trace.parse::<crate::trace::TraceContext>().is_err()) {
        return Err(QueueError::Invalid(
            "a message with another trace context than `traceparent`".to_owned(),
        ));
    }
    if let Some(bad) = message.body.chars().find(|c| !is_xml_char(*c)) {
        return Err(QueueError::Invalid(format!(
            "a message with the character U+{:04X}",
            u32::from(bad)
        )));
    }
    seconds("delay in seconds", message.delay_s, MAX_DELAY_S)
}

fn seconds(what: &'static str, size: u32, limit: u32) -> Result<(), QueueError> {
    if size > limit {
        return Err(QueueError::TooLarge {
            what,
            size: size as usize,
            limit: limit as usize,
        });
    }
    Ok(())
}

/// A visibility time-out.
pub(crate) fn visibility(visibility_s: u32) -> Result<(), QueueError> {
    seconds(
        "visibility time-out in seconds",
        visibility_s,
        MAX_VISIBILITY_S,
    )
}

/// A receive.
pub(crate) fn receive(how: &Receive) -> Result<(), QueueError> {
    if !(1..=10).contains(&how.max) {
        return Err(QueueError::Invalid(format!(
            "a receive of {} messages",
            how.max
        )));
    }
    if how.max_receives == 0 {
        return Err(QueueError::Invalid("no receive allowed".to_owned()));
    }
    visibility(how.visibility_timeout_s)?;
    seconds("wait in seconds", how.wait_s, MAX_WAIT_S)
}

/// A reason, cut to its limit, with characters that a message could not carry replaced.
pub(crate) fn reason(reason: &str) -> String {
    let mut kept = String::new();
    for c in reason.chars() {
        let c = if is_xml_char(c) { c } else { '\u{FFFD}' };
        if kept.len() + c.len_utf8() > MAX_REASON_BYTES {
            break;
        }
        kept.push(c);
    }
    kept
}
