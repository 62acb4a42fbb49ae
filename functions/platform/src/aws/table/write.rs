//! Writes: single ones, transactions, batches.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, DeleteRequest, Put, PutRequest,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, WriteRequest,
};

use super::condition::expression;
use super::item::{self, Attributes};
use super::{AwsTable, table_error};
use crate::ports::table::fresh_version;
use crate::ports::{BatchWrite, Condition, Item, Key, TableError, Write};

/// With a condition that does not hold, the item that stood in its way comes back.
const SHOW: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;
/// A condition that always holds: a check in a transaction needs one.
const ALWAYS: &str = "attribute_exists(p) OR attribute_not_exists(p)";

impl AwsTable {
    /// What a failed condition showed, unless it has expired.
    fn current(&self, shown: Option<Attributes>) -> Result<Option<Box<Item>>, TableError> {
        let now_s = self.clock.now_s();
        let item = shown
            .filter(|attributes| !attributes.is_empty())
            .map(item::read_item)
            .transpose()?;
        Ok(item.filter(|item| !item.is_expired(now_s)).map(Box::new))
    }

    /// Puts an item and returns its new version.
    pub(super) async fn write(&self, item: &Item, condition: Condition) -> Result<u64, TableError> {
        let version = fresh_version()?;
        let expression = expression(condition, self.clock.now_s());
        let client = if expression.is_some() {
            &self.once
        } else {
            &self.client
        };
        let mut request = client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item::write_item(item, version)));
        if let Some(expression) = expression {
            request = request
                .condition_expression(expression.text)
                .set_expression_attribute_values(Some(expression.values))
                .return_values_on_condition_check_failure(SHOW);
        }
        match request.send().await {
            Ok(_) => Ok(version),
            Err(SdkError::ServiceError(refused)) if is_condition_of_put(refused.err()) => {
                let shown = match refused.into_err() {
                    PutItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                Err(TableError::ConditionFailed {
                    at: 0,
                    current: self.current(shown)?,
                })
            }
            Err(error) => Err(table_error("PutItem", item.size_bytes(), error)),
        }
    }

    /// Deletes an item.
    pub(super) async fn remove(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        let expression = expression(condition, self.clock.now_s());
        let client = if expression.is_some() {
            &self.once
        } else {
            &self.client
        };
        let mut request = client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(item::write_key(key)));
        if let Some(expression) = expression {
            request = request
                .condition_expression(expression.text)
                .set_expression_attribute_values(Some(expression.values))
                .return_values_on_condition_check_failure(SHOW);
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(refused)) if is_condition_of_delete(refused.err()) => {
                let shown = match refused.into_err() {
                    DeleteItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                Err(TableError::ConditionFailed {
                    at: 0,
                    current: self.current(shown)?,
                })
            }
            Err(error) => Err(table_error("DeleteItem", 0, error)),
        }
    }

    /// Does all writes or none.
    pub(super) async fn write_together(&self, writes: &[Write]) -> Result<(), TableError> {
        let now_s = self.clock.now_s();
        let mut items = Vec::with_capacity(writes.len());
        let mut versions = Vec::with_capacity(writes.len());
        for write in writes {
            let version = fresh_version()?;
            items.push(self.transact_item(write, version, now_s)?);
            versions.push(version);
        }
        // For ten minutes DynamoDB takes a request of the same token for a repetition. The SDK's are; the next call is not.
        let token = format!("{:016x}{:016x}", fresh_version()?, fresh_version()?);
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .client_request_token(token)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(refused)) if is_cancelled(refused.err()) => {
                let reasons = match refused.into_err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        cancelled.cancellation_reasons.unwrap_or_default()
                    }
                    _ => Vec::new(),
                };
                self.cancelled(writes, &versions, reasons)
            }
            Err(error) => {
                let size = writes.iter().map(size_bytes).sum();
                Err(table_error("TransactWriteItems", size, error))
            }
        }
    }

    fn transact_item(
        &self,
        write: &Write,
        version: u64,
        now_s: u64,
    ) -> Result<TransactWriteItem, TableError> {
        let (Write::Put { condition, .. }
        | Write::Delete { condition, .. }
        | Write::Check { condition, .. }) = write;
        let expression = expression(*condition, now_s);
        let show = expression.is_some().then_some(SHOW);
        let (text, values) = match expression {
            Some(expression) => (Some(expression.text), Some(expression.values)),
            None => (None, None),
        };
        let built = match write {
            Write::Put { item, .. } => Put::builder()
                .table_name(&self.name)
                .set_item(Some(item::write_item(item, version)))
                .set_condition_expression(text.map(str::to_owned))
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(show)
                .build()
                .map(|put| TransactWriteItem::builder().put(put)),
            Write::Delete { key, .. } => Delete::builder()
                .table_name(&self.name)
                .set_key(Some(item::write_key(key)))
                .set_condition_expression(text.map(str::to_owned))
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(show)
                .build()
                .map(|delete| TransactWriteItem::builder().delete(delete)),
            Write::Check { key, .. } => ConditionCheck::builder()
                .table_name(&self.name)
                .set_key(Some(item::write_key(key)))
                .condition_expression(text.unwrap_or(ALWAYS))
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(show)
                .build()
                .map(|check| TransactWriteItem::builder().condition_check(check)),
        };
        built
            .map(aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder::build)
            .map_err(|e| TableError::Invalid(e.to_string()))
    }

    /// What a cancelled transaction came to. There is a reason for each write, `None` for those that would have held.
    fn cancelled(
        &self,
        writes: &[Write],
        versions: &[u64],
        reasons: Vec<CancellationReason>,
    ) -> Result<(), TableError> {
        let codes: Vec<String> = reasons
            .iter()
            .map(|reason| reason.code.clone().unwrap_or_default())
            .collect();
        let mut first = None;
        for (at, reason) in reasons.into_iter().enumerate() {
            if reason.code.as_deref() != Some("ConditionalCheckFailed") {
                continue;
            }
            let current = self.current(reason.item)?;
            // A repetition whose token was forgotten: what is in its way is what it wrote itself.
            let own = versions.get(at).copied();
            if current.is_some() && current.as_ref().map(|item| item.version) == own {
                return Ok(());
            }
            first.get_or_insert(TableError::ConditionFailed { at, current });
        }
        if let Some(failed) = first {
            return Err(failed);
        }
        let some = |code: &str| codes.iter().any(|known| known == code);
        if some("TransactionConflict") {
            return Err(TableError::Conflict);
        }
        if some("ThrottlingError") || some("ProvisionedThroughputExceeded") {
            return Err(TableError::Throttled);
        }
        let size = writes.iter().map(size_bytes).max().unwrap_or_default();
        if some("ValidationError") {
            return Err(TableError::Invalid(format!(
                "a transaction of items up to {size} bytes was refused: {}",
                codes.join(", ")
            )));
        }
        Err(TableError::Unavailable(
            format!("a transaction was cancelled: {}", codes.join(", ")).into(),
        ))
    }

    /// Does unconditional writes, and returns those that DynamoDB did not process.
    pub(super) async fn write_some(
        &self,
        writes: Vec<BatchWrite>,
    ) -> Result<Vec<BatchWrite>, TableError> {
        let mut requests = Vec::with_capacity(writes.len());
        let mut size = 0;
        for write in &writes {
            let request = WriteRequest::builder();
            let bad = |e: aws_sdk_dynamodb::error::BuildError| TableError::Invalid(e.to_string());
            let request = match write {
                BatchWrite::Put(item) => {
                    size += item.size_bytes();
                    let attributes = item::write_item(item, fresh_version()?);
                    let put = PutRequest::builder().set_item(Some(attributes));
                    request.put_request(put.build().map_err(bad)?)
                }
                BatchWrite::Delete(key) => {
                    let delete = DeleteRequest::builder().set_key(Some(item::write_key(key)));
                    request.delete_request(delete.build().map_err(bad)?)
                }
            };
            requests.push(request.build());
        }
        let answer = self
            .client
            .batch_write_item()
            .request_items(&self.name, requests)
            .send()
            .await
            .map_err(|e| table_error("BatchWriteItem", size, e))?;
        let left = answer.unprocessed_items.unwrap_or_default();
        let mut by_key: HashMap<Key, BatchWrite> = writes
            .into_iter()
            .map(|write| (write.key().clone(), write))
            .collect();
        let mut again = Vec::new();
        for request in left.into_values().flatten() {
            let attributes = request
                .put_request
                .map(|put| put.item)
                .or(request.delete_request.map(|delete| delete.key));
            let key = item::read_key(&mut attributes.unwrap_or_default())?;
            again.extend(by_key.remove(&key));
        }
        Ok(again)
    }
}

fn is_condition_of_put(error: &PutItemError) -> bool {
    matches!(error, PutItemError::ConditionalCheckFailedException(_))
}

fn is_condition_of_delete(error: &DeleteItemError) -> bool {
    matches!(error, DeleteItemError::ConditionalCheckFailedException(_))
}

fn is_cancelled(error: &TransactWriteItemsError) -> bool {
    matches!(
        error,
        TransactWriteItemsError::TransactionCanceledException(_)
    )
}

fn size_bytes(write: &Write) -> usize {
    match write {
        Write::Put { item, .. } => item.size_bytes(),
        Write::Delete { key, .. } | Write::Check { key, .. } => {
            key.partition.len() + key.sort.len()
        }
    }
}
