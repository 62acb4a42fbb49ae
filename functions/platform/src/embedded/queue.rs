//! The queue, in SQLite.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, params};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::store::{Store, StoreError};
use super::{from_stored, to_stored};
use crate::ports::queue::{MAX_BATCH_BYTES, MAX_BATCH_MESSAGES};
use crate::ports::{
    Clock, DeadLetter, DeadPage, Delivery, Depth, Message, Queue, QueueError, Receive, SendFailure,
    Which,
};
use crate::validate;

/// A waiting receiver looks again after this time even when nothing was sent.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Most messages that one receive looks at, delivered or moved to the dead letters.
const MAX_FOUND: usize = 100;
/// Most ids in one redrive or purge.
const MAX_IDS: usize = 100;

/// The queues of one embedded store.
pub(crate) struct EmbeddedQueue {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    /// Wakes those who wait in a receive of a queue.
    sent: Mutex<HashMap<String, Arc<Notify>>>,
}

impl From<StoreError> for QueueError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(_) => Self::NoRoom(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// The row of a delivery: its number, and its receive count then, which makes it stale later.
fn row_of(delivery: &Delivery) -> Result<(i64, i64), QueueError> {
    delivery
        .receipt
        .split_once('.')
        .and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)))
        .ok_or_else(|| QueueError::Invalid("a receipt that was not given here".to_owned()))
}

impl EmbeddedQueue {
    pub(crate) fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            sent: Mutex::default(),
        }
    }

    /// What wakes those who wait for a queue. There are as many as functions that receive and send.
    fn sent(&self, queue: &str) -> Arc<Notify> {
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = all.get(queue) {
            return Arc::clone(sent);
        }
        Arc::clone(all.entry(queue.to_owned()).or_default())
    }

    async fn send_some(&self, queue: &str, messages: Vec<Message>) -> Result<(), QueueError> {
        let (queue, now_ms) = (queue.to_owned(), self.clock.now_ms());
        self.store
            .write(move |connection| {
                for message in &messages {
                    insert(connection, &queue, message, now_ms)?;
                }
                Ok(Ok::<_, QueueError>(()))
            })
            .await?
    }

    /// What is ready, and when the next message will be, in milliseconds from now.
    async fn receive_now(
        &self,
        queue: &str,
        how: Receive,
    ) -> Result<(Vec<Delivery>, Option<u64>), QueueError> {
        let now_ms = self.clock.now_ms();
        // Most looks find nothing: they need not wait for the writer.
        let next = self
            .store
            .glance(|connection| {
                Ok::<_, QueueError>(next_ms(connection, queue, now_ms).map_err(StoreError::from)?)
            })
            .await?;
        if next != Some(0) {
            return Ok((Vec::new(), next));
        }
        let queue = queue.to_owned();
        self.store
            .write(move |connection| {
                let deliveries = take(connection, &queue, how, now_ms)?;
                let next = if deliveries.is_empty() {
                    next_ms(connection, &queue, now_ms)?
                } else {
                    None
                };
                Ok(Ok::<_, QueueError>((deliveries, next)))
            })
            .await?
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn send(
        &self,
        queue: &str,
        messages: Vec<Message>,
    ) -> Result<Vec<SendFailure>, QueueError> {
        validate::queue_name(queue)?;
        let trace = crate::trace::current().map(|trace| trace.to_string());
        let mut failures = Vec::new();
        let mut batch: Vec<Message> = Vec::new();
        let mut batch_at = Vec::new();
        let mut batch_bytes = 0;
        let mut messages = messages.into_iter().enumerate().peekable();
        while let Some((at, message)) = messages.next() {
            match validate::message(&message) {
                Ok(()) => {
                    let trace = message.trace.or_else(|| trace.clone());
                    let message = Message { trace, ..message };
                    batch_bytes += message.body.len() + message.id.len();
                    batch_at.push((at, message.id.clone()));
                    batch.push(message);
                }
                Err(error) => failures.push(SendFailure {
                    at,
                    id: message.id,
                    error,
                }),
            }
            let next_bytes = messages
                .peek()
                .map_or(usize::MAX, |(_, next)| next.body.len() + next.id.len());
            let full = batch.len() == MAX_BATCH_MESSAGES
                || batch_bytes.saturating_add(next_bytes) > MAX_BATCH_BYTES;
            if full && !batch.is_empty() {
                batch_bytes = 0;
                let sent = self.send_some(queue, std::mem::take(&mut batch)).await;
                let batch_at = std::mem::take(&mut batch_at);
                if let Err(error) = sent {
                    let shared = Arc::new(error);
                    failures.extend(batch_at.into_iter().map(|(at, id)| SendFailure {
                        at,
                        id,
                        error: match &*shared {
                            QueueError::NoRoom(_) => QueueError::NoRoom(Arc::clone(&shared).into()),
                            _ => QueueError::Unavailable(Arc::clone(&shared).into()),
                        },
                    }));
                }
            }
        }
        self.sent(queue).notify_waiters();
        failures.sort_by_key(|failure| failure.at);
        Ok(failures)
    }

    async fn receive(&self, queue: &str, how: Receive) -> Result<Vec<Delivery>, QueueError> {
        validate::queue_name(queue)?;
        validate::receive(&how)?;
        let end = Instant::now() + Duration::from_secs(u64::from(how.wait_s));
        let waking = self.sent(queue);
        loop {
            let sent = waking.notified();
            tokio::pin!(sent);
            // Listening before looking: what is sent in between wakes this receiver.
            sent.as_mut().enable();
            let (deliveries, next_ms) = self.receive_now(queue, how).await?;
            let left = end.saturating_duration_since(Instant::now());
            if !deliveries.is_empty() || left.is_zero() {
                return Ok(deliveries);
            }
            let next = next_ms.map_or(LOOK_AGAIN, |ms| {
                Duration::from_millis(ms.max(10)).min(LOOK_AGAIN)
            });
            let _ = tokio::time::timeout(next.min(left), sent).await;
        }
    }

    async fn ack(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let (number, count) = row_of(delivery)?;
        self.store
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "DELETE FROM messages WHERE number = ?1 AND receive_count = ?2",
                    )?
                    .execute(params![number, count])?;
                Ok(Ok::<_, QueueError>(()))
            })
            .await?
    }

    async fn extend(&self, delivery: &Delivery, visibility_s: u32) -> Result<(), QueueError> {
        validate::visibility(visibility_s)?;
        let (number, count) = row_of(delivery)?;
        let visible_at_ms = self.clock.now_ms() + u64::from(visibility_s) * 1000;
        self.store
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE messages SET visible_at_ms = ?3 WHERE number = ?1 AND receive_count = ?2",
                    )?
                    .execute(params![number, count, to_stored(visible_at_ms)])?;
                Ok(Ok::<_, QueueError>(()))
            })
            .await??;
        if visibility_s == 0 {
            self.sent(&delivery.queue).notify_waiters();
        }
        Ok(())
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError> {
        let (number, count) = row_of(delivery)?;
        let reason = validate::reason(reason);
        let now_ms = self.clock.now_ms();
        self.store
            .write(move |connection| {
                bury(connection, number, count, &reason, now_ms)?;
                Ok(Ok::<_, QueueError>(()))
            })
            .await?
    }

    async fn list_dead(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError> {
        validate::queue_name(queue)?;
        if !(1..=100).contains(&limit) {
            return Err(QueueError::Invalid(format!("a page of {limit}")));
        }
        let (queue, cursor) = (queue.to_owned(), cursor.unwrap_or_default().to_owned());
        self.store
            .read(move |connection| {
                let letters =
                    dead_after(connection, &queue, limit, &cursor).map_err(StoreError::from)?;
                let full = letters.len() == limit as usize;
                let next = letters
                    .last()
                    .filter(|_| full)
                    .map(|letter| letter.message.id.clone());
                Ok(DeadPage { letters, next })
            })
            .await
    }

    async fn gather_dead(&self, queue: &str) -> Result<u64, QueueError> {
        // What is received too often becomes a dead letter at once, in the store that has the others.
        validate::queue_name(queue)?;
        Ok(0)
    }

    async fn redrive(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        validate::queue_name(queue)?;
        let (of, now_ms) = (queue.to_owned(), self.clock.now_ms());
        for_each_dead(&self.store, queue, which, move |connection, id| {
            connection
                .prepare_cached(
                    "INSERT INTO messages (queue, id, body, sent_at_ms, visible_at_ms, receive_count,
                        first_received_at_ms)
                     SELECT queue, id, body, sent_at_ms, ?3, 0, 0 FROM dead_letters
                     WHERE queue = ?1 AND id = ?2",
                )?
                .execute(params![of, id, to_stored(now_ms)])?;
            Ok(())
        })
        .await
        .inspect(|_| self.sent(queue).notify_waiters())
    }

    async fn purge_dead(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        validate::queue_name(queue)?;
        for_each_dead(&self.store, queue, which, |_, _| Ok(())).await
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        validate::queue_name(queue)?;
        let (queue, now_ms) = (queue.to_owned(), self.clock.now_ms());
        self.store
            .read(
                move |connection| Ok(depth(connection, &queue, now_ms).map_err(StoreError::from)?),
            )
            .await
    }
}

fn insert(
    connection: &Connection,
    queue: &str,
    message: &Message,
    now_ms: u64,
) -> rusqlite::Result<()> {
    let visible_at_ms = now_ms + u64::from(message.delay_s) * 1000;
    connection
        .prepare_cached(
            "INSERT INTO messages (queue, id, body, sent_at_ms, visible_at_ms, receive_count,
                first_received_at_ms, trace)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6)",
        )?
        .execute(params![
            queue,
            message.id,
            message.body,
            to_stored(now_ms),
            to_stored(visible_at_ms),
            message.trace
        ])?;
    Ok(())
}

/// When the next message of a queue can be received, in milliseconds from now; `None` without any.
fn next_ms(connection: &Connection, queue: &str, now_ms: u64) -> rusqlite::Result<Option<u64>> {
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(visible_at_ms) FROM messages WHERE queue = ?1")?
        .query_row(params![queue], |row| row.get(0))?;
    Ok(next.map(|at| from_stored(at).saturating_sub(now_ms)))
}

/// Takes what is ready, and buries what was received too often.
fn take(
    connection: &Connection,
    queue: &str,
    how: Receive,
    now_ms: u64,
) -> rusqlite::Result<Vec<Delivery>> {
    let found = ready(connection, queue, how, now_ms)?;
    let mut deliveries = Vec::new();
    for (number, count, delivery) in found {
        if count >= i64::from(how.max_receives) {
            let reason = format!("received {count} times without an answer");
            bury(connection, number, count, &reason, now_ms)?;
            continue;
        }
        let visible_at_ms = now_ms + u64::from(how.visibility_timeout_s) * 1000;
        connection
            .prepare_cached(
                "UPDATE messages SET visible_at_ms = ?2, receive_count = receive_count + 1,
                    first_received_at_ms = ?3 WHERE number = ?1",
            )?
            .execute(params![
                number,
                to_stored(visible_at_ms),
                to_stored(delivery.first_received_at_ms)
            ])?;
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

/// Up to `max` messages to deliver, and those to be buried that lie before them, with their numbers and
/// their receive counts until now.
fn ready(
    connection: &Connection,
    queue: &str,
    how: Receive,
    now_ms: u64,
) -> rusqlite::Result<Vec<(i64, i64, Delivery)>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, receive_count, id, body, sent_at_ms, first_received_at_ms, trace FROM messages
         WHERE queue = ?1 AND visible_at_ms <= ?2 ORDER BY visible_at_ms, number",
    )?;
    let mut rows = statement.query(params![queue, to_stored(now_ms)])?;
    let mut found = Vec::new();
    let mut alive = 0;
    while alive < how.max && found.len() < MAX_FOUND {
        let Some(row) = rows.next()? else { break };
        let (number, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        if count < i64::from(how.max_receives) {
            alive += 1;
        }
        let first_received_at_ms = match row.get(5)? {
            0 => now_ms,
            at => from_stored(at),
        };
        let delivery = Delivery {
            queue: queue.to_owned(),
            message: Message {
                trace: row.get(6)?,
                ..Message::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?)
            },
            receipt: format!("{number}.{}", count + 1),
            receive_count: u32::try_from(count + 1).unwrap_or(u32::MAX),
            first_received_at_ms,
            sent_at_ms: from_stored(row.get(4)?),
        };
        found.push((number, count, delivery));
    }
    Ok(found)
}

fn bury(
    connection: &Connection,
    number: i64,
    count: i64,
    reason: &str,
    now_ms: u64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO dead_letters
             SELECT queue, id, body, ?3, receive_count, sent_at_ms, ?4 FROM messages
             WHERE number = ?1 AND receive_count = ?2",
        )?
        .execute(params![number, count, reason, to_stored(now_ms)])?;
    connection
        .prepare_cached("DELETE FROM messages WHERE number = ?1 AND receive_count = ?2")?
        .execute(params![number, count])?;
    Ok(())
}

fn dead_after(
    connection: &Connection,
    queue: &str,
    limit: u32,
    after: &str,
) -> rusqlite::Result<Vec<DeadLetter>> {
    connection
        .prepare_cached(
            "SELECT id, body, reason, receive_count, sent_at_ms, died_at_ms FROM dead_letters
             WHERE queue = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        )?
        .query_map(params![queue, after, limit], |row| {
            Ok(DeadLetter {
                message: Message::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                reason: row.get(2)?,
                receive_count: row.get(3)?,
                sent_at_ms: from_stored(row.get(4)?),
                died_at_ms: from_stored(row.get(5)?),
            })
        })?
        .collect()
}

/// Does something for each of the dead letters and removes it, a hundred in one transaction.
async fn for_each_dead<F>(
    store: &Store,
    queue: &str,
    which: Which,
    act: F,
) -> Result<u64, QueueError>
where
    F: Fn(&Connection, &str) -> rusqlite::Result<()> + Clone + Send + 'static,
{
    let given = match which {
        Which::All => None,
        Which::Ids(ids) if ids.len() > MAX_IDS => {
            return Err(QueueError::TooLarge {
                what: "request in ids",
                size: ids.len(),
                limit: MAX_IDS,
            });
        }
        Which::Ids(ids) => Some(ids),
    };
    let mut done = 0;
    loop {
        let (queue, given, act) = (queue.to_owned(), given.clone(), act.clone());
        let is_last = given.is_some();
        let some = store
            .write(move |connection| {
                let ids = match given {
                    Some(ids) => ids,
                    None => connection
                        .prepare_cached("SELECT id FROM dead_letters WHERE queue = ?1 LIMIT 100")?
                        .query_map(params![queue], |row| row.get(0))?
                        .collect::<rusqlite::Result<_>>()?,
                };
                let mut some = 0_u64;
                for id in &ids {
                    act(connection, id)?;
                    some += connection
                        .prepare_cached("DELETE FROM dead_letters WHERE queue = ?1 AND id = ?2")?
                        .execute(params![queue, id])? as u64;
                }
                Ok(Ok::<_, QueueError>(some))
            })
            .await??;
        done += some;
        if is_last || some == 0 {
            return Ok(done);
        }
    }
}

fn depth(connection: &Connection, queue: &str, now_ms: u64) -> rusqlite::Result<Depth> {
    let (ready, in_flight, delayed): (i64, i64, i64) = connection
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE visible_at_ms <= ?2),
                    count(*) FILTER (WHERE visible_at_ms > ?2 AND receive_count > 0),
                    count(*) FILTER (WHERE visible_at_ms > ?2 AND receive_count = 0)
             FROM messages WHERE queue = ?1",
        )?
        .query_row(params![queue, to_stored(now_ms)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let dead: i64 = connection
        .prepare_cached("SELECT count(*) FROM dead_letters WHERE queue = ?1")?
        .query_row(params![queue], |row| row.get(0))?;
    Ok(Depth {
        ready: ready.unsigned_abs(),
        in_flight: in_flight.unsigned_abs(),
        delayed: delayed.unsigned_abs(),
        dead: dead.unsigned_abs(),
    })
}
