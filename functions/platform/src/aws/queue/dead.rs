//! Dead letters, as records: partition `global/dead/QUEUE`, sort key the message's id, which begins with its tenant.
//!
//! Between two steps a letter is in two places rather than in none, so whatever breaks off in between, nothing is lost.

use serde::{Deserialize, Serialize};

use super::{
    AwsQueue, DEAD,
    receive::{delivery, received},
};
use crate::{
    patience::{patiently, send_all},
    ports::{
        Condition, DeadLetter, DeadPage, Delivery, Item, Key, MAX_GATHERED, Message, Page,
        QueueError, SortRange, TableError, Which,
    },
    validate,
};

/// Most ids in one redrive or purge.
const MAX_IDS: usize = 100;
/// How long one that is being moved is hidden from others, in seconds.
const MOVING_S: u32 = 60;
/// Letters that are read at once.
const PAGE: u32 = 100;
/// Letters above which they are counted no further: each is read with its message.
const MAX_COUNTED: u64 = 100;
/// How long a look for what SQS gave up waits, in seconds: without waiting SQS asks only some of its servers.
const LOOK_S: u32 = 1;

/// A dead letter as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// Version of this record's form, 1.
    version: u32,
    body: String,
    reason: String,
    receive_count: u32,
    sent_at_ms: u64,
    died_at_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

fn partition(queue: &str) -> String {
    format!("global/dead/{queue}")
}

fn damaged(error: serde_json::Error) -> QueueError {
    QueueError::Unavailable(error.into())
}

fn of_table(error: TableError) -> QueueError {
    match error {
        TableError::Throttled | TableError::Conflict => QueueError::Throttled,
        TableError::Invalid(why) => QueueError::Invalid(why),
        TableError::NoRoom(source) => QueueError::NoRoom(source),
        other => QueueError::Unavailable(other.into()),
    }
}

/// A letter, with the version of its record.
struct Found {
    letter: DeadLetter,
    version: u64,
}

fn found(item: Item) -> Result<Found, QueueError> {
    let record: Record = serde_json::from_slice(&item.value).map_err(damaged)?;
    let letter = DeadLetter {
        message: Message {
            trace: record.trace,
            ..Message::new(item.key.sort, record.body)
        },
        reason: record.reason,
        receive_count: record.receive_count,
        sent_at_ms: record.sent_at_ms,
        died_at_ms: record.died_at_ms,
    };
    Ok(Found {
        letter,
        version: item.version,
    })
}

impl AwsQueue {
    /// Keeps a delivery among the dead letters.
    pub(super) async fn bury(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError> {
        let record = Record {
            version: 1,
            body: delivery.message.body.clone(),
            reason: validate::reason(reason),
            receive_count: delivery.receive_count,
            sent_at_ms: delivery.sent_at_ms,
            died_at_ms: self.clock.now_ms(),
            trace: delivery.message.trace.clone(),
        };
        let value = serde_json::to_vec(&record).map_err(damaged)?;
        let key = Key::new(partition(&delivery.queue), delivery.message.id.clone());
        let item = Item::new(key, value);
        patiently(async || self.table.put(item.clone(), Condition::None).await)
            .await
            .map(drop)
            .map_err(of_table)
    }

    /// Moves what SQS gave up to the other dead letters, and returns how many that were. The rest is for the next look.
    pub(super) async fn move_given_up(&self, queue: &str) -> Result<u64, QueueError> {
        let url = format!("{}{DEAD}", self.url(queue));
        let mut moved = 0;
        if self.counts(&url).await?.ready == 0 {
            return Ok(0);
        }
        while moved < MAX_GATHERED {
            let most = u32::try_from(MAX_GATHERED - moved).map_or(10, |left| left.min(10));
            let given_up = self.ask(&url, most, MOVING_S, LOOK_S).await?;
            if given_up.is_empty() {
                break;
            }
            for message in given_up {
                let delivery = delivery(queue, received(message));
                let reason = format!(
                    "received {} times without an answer: its function ended before it could give one",
                    delivery.receive_count
                );
                self.bury(&delivery, &reason).await?;
                self.delete(&url, &delivery.receipt).await?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// One page of the table's, at most `limit` letters after an id.
    async fn some_dead(
        &self,
        queue: &str,
        limit: u32,
        after: Option<&str>,
    ) -> Result<(Vec<Found>, bool), QueueError> {
        // Ids are printable ASCII without spaces, so nothing lies between an id and this.
        let range = after.map_or(SortRange::All, |id| SortRange::AtLeast(format!("{id}!")));
        let (partition, mut page) = (partition(queue), Page::first(limit));
        let mut letters = Vec::new();
        loop {
            let some = patiently(async || self.table.query(&partition, &range, &page).await)
                .await
                .map_err(of_table)?;
            for item in some.items {
                letters.push(found(item)?);
            }
            let left = limit.saturating_sub(u32::try_from(letters.len()).unwrap_or(limit));
            match some.next {
                None => return Ok((letters, false)),
                Some(_) if left == 0 => return Ok((letters, true)),
                Some(next) => page = Page::first(left).after(Some(next)),
            }
        }
    }

    pub(super) async fn dead_page(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError> {
        let (found, is_more) = self.some_dead(queue, limit, cursor).await?;
        let letters: Vec<_> = found.into_iter().map(|found| found.letter).collect();
        let next = letters
            .last()
            .filter(|_| is_more)
            .map(|letter| letter.message.id.clone());
        Ok(DeadPage { letters, next })
    }

    pub(super) async fn count_dead(&self, queue: &str) -> Result<u64, QueueError> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.dead_page(queue, PAGE, after.as_deref()).await?;
            count += page.letters.len() as u64;
            after = page.next;
            if after.is_none() || count >= MAX_COUNTED {
                return Ok(count);
            }
        }
    }

    /// Forgets dead letters, after they were sent again where that is wanted, and returns how many.
    pub(super) async fn for_each_dead(
        &self,
        queue: &str,
        which: Which,
        again: bool,
    ) -> Result<u64, QueueError> {
        let mut done = 0;
        let mut settle = async |some: Vec<Found>| {
            let messages = some.iter().map(|found| found.letter.message.clone());
            if again {
                send_all(self, queue, messages.collect()).await?;
            }
            for found in some {
                let key = Key::new(partition(queue), found.letter.message.id);
                // What was sent again may have died again by now: that letter is a newer one, and stays.
                let unchanged = Condition::VersionIs(found.version);
                match patiently(async || self.table.delete(&key, unchanged).await).await {
                    Ok(()) | Err(TableError::ConditionFailed { .. }) => done += 1,
                    Err(error) => return Err(of_table(error)),
                }
            }
            Ok::<_, QueueError>(())
        };
        match which {
            Which::Ids(ids) if ids.len() > MAX_IDS => {
                return Err(QueueError::TooLarge {
                    what: "request in ids",
                    size: ids.len(),
                    limit: MAX_IDS,
                });
            }
            Which::Ids(mut ids) => {
                ids.sort();
                ids.dedup();
                // What cannot be an id is nobody's.
                ids.retain(|id| !id.is_empty() && id.len() <= crate::ports::queue::MAX_ID_BYTES);
                let partition = partition(queue);
                let keys: Vec<Key> = ids
                    .into_iter()
                    .map(|id| Key::new(partition.clone(), id))
                    .collect();
                if !keys.is_empty() {
                    let items = patiently(async || self.table.get_many(&keys).await)
                        .await
                        .map_err(of_table)?;
                    let letters = items.into_iter().map(found).collect::<Result<_, _>>()?;
                    settle(letters).await?;
                }
            }
            Which::All => {
                let mut after: Option<String> = None;
                loop {
                    // By id, so that one which dies again meanwhile is not sent for ever.
                    let (letters, is_more) = self.some_dead(queue, PAGE, after.as_deref()).await?;
                    after = letters.last().map(|found| found.letter.message.id.clone());
                    settle(letters).await?;
                    if !is_more {
                        break;
                    }
                }
            }
        }
        Ok(done)
    }
}
