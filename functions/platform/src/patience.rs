//! Trying again: for callers who have nobody behind them to do it.
//!
//! A handler rather lets its message come again, and uses these for what is cheap to repeat.

use std::time::Duration;

use futures::StreamExt;

use crate::ports::table::MAX_BATCH_WRITES;
use crate::ports::{BatchWrite, BlobError, Message, Queue, QueueError, Table, TableError};

/// First pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Batches that are under way at the same time.
const BATCHES_AT_A_TIME: usize = 8;
/// How often something is tried before its error is handed on.
pub const ATTEMPTS: u32 = 10;

/// An error which may pass.
pub trait MayPass {
    /// Whether the same request may succeed when it is repeated unchanged.
    fn may_pass(&self) -> bool;
}

impl MayPass for TableError {
    fn may_pass(&self) -> bool {
        self.is_transient()
    }
}

impl MayPass for QueueError {
    fn may_pass(&self) -> bool {
        self.is_transient()
    }
}

impl MayPass for BlobError {
    fn may_pass(&self) -> bool {
        self.is_transient()
    }
}

/// Waits before the attempt after `attempt` failures.
async fn pause(attempt: u32) {
    tokio::time::sleep(
        FIRST_PAUSE
            .saturating_mul(1 << attempt.min(16))
            .min(LONGEST_PAUSE),
    )
    .await;
}

/// Does something up to [`ATTEMPTS`] times, until it succeeds or fails for good. What it does must be
/// safe to repeat: conditional, or with the same outcome each time.
///
/// # Errors
/// The last error.
pub async fn patiently<T, E, F>(mut what: impl FnMut() -> F) -> Result<T, E>
where
    E: MayPass,
    F: Future<Output = Result<T, E>>,
{
    let mut attempt = 0;
    loop {
        match what().await {
            Err(error) if error.may_pass() && attempt + 1 < ATTEMPTS => {
                pause(attempt).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// Does any number of unconditional writes of distinct items, in batches, a few of them at a time, and
/// repeats what was not processed.
///
/// # Errors
/// The first error which does not pass, or the last one (else [`TableError::Throttled`]) after
/// [`ATTEMPTS`] rounds without progress.
pub async fn write_all(table: &dyn Table, writes: Vec<BatchWrite>) -> Result<(), TableError> {
    let mut left = writes;
    let mut attempt = 0;
    while !left.is_empty() {
        let before = left.len();
        let mut batches = Vec::new();
        while !left.is_empty() {
            let batch = left.split_off(left.len().saturating_sub(MAX_BATCH_WRITES));
            batches.push(write_some(table, batch));
        }
        let mut done = futures::stream::iter(batches).buffer_unordered(BATCHES_AT_A_TIME);
        let mut last = TableError::Throttled;
        while let Some((again, error)) = done.next().await {
            left.extend(again);
            match error {
                Some(error) if !error.is_transient() => return Err(error),
                Some(error) => last = error,
                None => {}
            }
        }
        attempt = if left.len() < before { 0 } else { attempt + 1 };
        if attempt >= ATTEMPTS {
            return Err(last);
        }
        if !left.is_empty() {
            pause(attempt).await;
        }
    }
    Ok(())
}

/// Does one batch, and returns what is to be repeated, with the reason if there is one.
async fn write_some(
    table: &dyn Table,
    batch: Vec<BatchWrite>,
) -> (Vec<BatchWrite>, Option<TableError>) {
    match table.write_batch(batch.clone()).await {
        Ok(again) => (again, None),
        Err(error) => (batch, Some(error)),
    }
}

/// Sends any number of messages, repeating those which were not sent. Some may be sent twice.
///
/// # Errors
/// The first error which does not pass.
pub async fn send_all(
    queue: &dyn Queue,
    name: &str,
    messages: Vec<Message>,
) -> Result<(), QueueError> {
    let mut left = messages;
    let mut attempt = 0;
    while !left.is_empty() {
        let error = match queue.send(name, left.clone()).await {
            Ok(failures) => {
                let mut again = Vec::new();
                let mut first = None;
                for failure in failures {
                    again.extend(left.get(failure.at).cloned());
                    if !failure.error.is_transient() {
                        return Err(failure.error);
                    }
                    first.get_or_insert(failure.error);
                }
                left = again;
                first
            }
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            if !error.is_transient() || attempt + 1 >= ATTEMPTS {
                return Err(error);
            }
            pause(attempt).await;
            attempt += 1;
        }
    }
    Ok(())
}
