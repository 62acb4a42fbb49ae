//! The table, in DynamoDB: one table for every noun, three indexes. ARCHITECTURE.md lists the keys.
//!
//! What the SDK may repeat by itself: reads, unconditional writes, and transactions, which carry a token by which DynamoDB
//! knows a repetition. A conditional write is asked for again only when DynamoDB said that it did nothing. If it were repeated
//! after its acknowledgement was lost, its condition would meet its own effect, or what others made of that, and the answer
//! would be that nothing was written.

mod condition;
mod item;
mod query;
mod read;
mod scan;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

#[cfg(feature = "conformance")]
pub(super) use self::item::{INDEXES, names as index_names};
use self::query::Target;
use super::error::{Failure, is_throttling};
use crate::ports::table::MAX_ITEM_BYTES;
use crate::ports::{
    BatchWrite, Clock, Condition, Index, Item, Key, Page, QueryPage, SortRange, Table, TableError,
    Write,
};
use crate::validate;

/// Pauses before a conditional write that was refused for want of capacity is asked for again.
const THROTTLED_PAUSES: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(100)];

/// A table of DynamoDB.
pub struct AwsTable {
    client: Client,
    /// The same client, which asks once.
    once: Client,
    name: String,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for AwsTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsTable")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl AwsTable {
    /// The table of this name, with the keys and indexes that `infra/template.yaml` gives it. Nothing is asked of it yet.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let once = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            once: Client::from_conf(once),
            client,
            name: name.into(),
            clock,
        }
    }
}

/// Does a conditional write as often as DynamoDB says that it had no capacity for it, and so did nothing. Of an unconditional
/// one the SDK has done that.
async fn repeat<T, F>(condition: Condition, write: impl Fn() -> F) -> Result<T, TableError>
where
    F: Future<Output = Result<T, TableError>>,
{
    let mut pauses = THROTTLED_PAUSES.iter();
    loop {
        match (write().await, condition, pauses.next()) {
            (Err(TableError::Throttled), c, Some(pause)) if c != Condition::None => {
                tokio::time::sleep(*pause).await;
            }
            (done, ..) => return done,
        }
    }
}

/// The port's error of a request of `size_bytes`.
fn table_error<E>(
    operation: &'static str,
    size_bytes: usize,
    error: SdkError<E, HttpResponse>,
) -> TableError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let (code, refusal) = match Failure::of(operation, error) {
        Failure::Refused(code, refusal) => (code, refusal),
        Failure::Silent(source) => return TableError::Unavailable(source),
    };
    match code.as_str() {
        code if is_throttling(code) => TableError::Throttled,
        "TransactionConflictException" => TableError::Conflict,
        "ValidationException" if refusal.message().contains("size has exceeded") => {
            TableError::TooLarge {
                what: "item in bytes",
                size: size_bytes,
                limit: MAX_ITEM_BYTES,
            }
        }
        "ValidationException" | "SerializationException" => {
            TableError::Invalid(refusal.to_string())
        }
        // Also what an operator has to mend, such as rights that are missing: messages wait until then.
        _ => TableError::Unavailable(refusal.into()),
    }
}

#[async_trait]
impl Table for AwsTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        validate::key(key)?;
        self.read(key).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        validate::keys(keys)?;
        self.read_many(keys).await
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        validate::item(&item)?;
        repeat(condition, || self.write(&item, condition)).await
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        validate::key(key)?;
        repeat(condition, || self.remove(key, condition)).await
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        validate::query(partition, range, page)?;
        let target = Target {
            index: None,
            partition,
            range,
        };
        self.read_page(target, page).await
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        validate::query(partition, range, page)?;
        let target = Target {
            index: Some(index),
            partition,
            range,
        };
        self.read_index_page(target, index, page).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        validate::transaction(&writes)?;
        if writes.is_empty() {
            return Ok(());
        }
        self.write_together(&writes).await
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        validate::batch(&writes)?;
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        self.write_some(writes).await
    }
}
