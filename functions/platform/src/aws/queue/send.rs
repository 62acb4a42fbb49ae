//! Sending, ten messages and 256 KiB at a time.

use std::sync::Arc;

use aws_sdk_sqs::{
    error::BuildError,
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};

use super::{AwsQueue, ID_ATTRIBUTE, TRACE_ATTRIBUTE, errors};
use crate::{
    ports::{
        Message, QueueError, SendFailure,
        queue::{MAX_BATCH_BYTES, MAX_BATCH_MESSAGES},
    },
    trace, validate,
};

/// Bytes that are counted for the names and types of a message's attributes. Source: Amazon SQS Developer Guide, "Message
/// attributes": name, type and value count towards the size.
const ATTRIBUTES_BYTES: usize = 64;

/// A message with its place in the list.
struct Placed {
    at: usize,
    message: Message,
}

impl Placed {
    fn size_bytes(&self) -> usize {
        let trace = self.message.trace.as_ref().map_or(0, String::len);
        self.message.body.len() + self.message.id.len() + trace + ATTRIBUTES_BYTES
    }
}

fn text(value: impl Into<String>) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
}

fn entry(placed: &Placed) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let message = &placed.message;
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(placed.at.to_string())
        .message_body(&message.body)
        .delay_seconds(i32::try_from(message.delay_s).unwrap_or(i32::MAX))
        .message_attributes(ID_ATTRIBUTE, text(&message.id)?);
    if let Some(trace) = &message.trace {
        entry = entry.message_attributes(TRACE_ATTRIBUTE, text(trace)?);
    }
    entry.build()
}

/// The lists that go by one request each.
fn batches(messages: Vec<Placed>) -> Vec<Vec<Placed>> {
    let mut batches: Vec<Vec<Placed>> = Vec::new();
    let mut size_bytes = 0;
    for placed in messages {
        let own_bytes = placed.size_bytes();
        match batches.last_mut() {
            Some(last)
                if last.len() < MAX_BATCH_MESSAGES && size_bytes + own_bytes <= MAX_BATCH_BYTES =>
            {
                size_bytes += own_bytes;
                last.push(placed);
            }
            _ => {
                size_bytes = own_bytes;
                batches.push(vec![placed]);
            }
        }
    }
    batches
}

impl AwsQueue {
    pub(super) async fn send_all(&self, queue: &str, messages: Vec<Message>) -> Vec<SendFailure> {
        let trace = trace::current().map(|trace| trace.to_string());
        let mut failures = Vec::new();
        let mut good = Vec::new();
        for (at, mut message) in messages.into_iter().enumerate() {
            match validate::message(&message) {
                Ok(()) => {
                    message.trace = message.trace.or_else(|| trace.clone());
                    good.push(Placed { at, message });
                }
                Err(error) => failures.push(SendFailure {
                    at,
                    id: message.id,
                    error,
                }),
            }
        }
        let url = self.url(queue);
        for batch in batches(good) {
            failures.extend(self.send_batch(&url, &batch).await);
        }
        failures.sort_by_key(|failure| failure.at);
        failures
    }

    async fn send_batch(&self, url: &str, batch: &[Placed]) -> Vec<SendFailure> {
        let entries: Result<Vec<_>, _> = batch.iter().map(entry).collect();
        let sent = match entries {
            Err(error) => Err(QueueError::Invalid(error.to_string())),
            Ok(entries) => {
                let asked = self.client.send_message_batch().queue_url(url);
                let sent = asked.set_entries(Some(entries)).send().await;
                sent.map_err(|error| errors::of("SendMessageBatch", url, error))
            }
        };
        match sent {
            Ok(answer) => {
                let failed = answer.failed.into_iter().filter_map(|failed| {
                    let placed = batch.iter().find(|p| p.at.to_string() == failed.id)?;
                    let said = failed.message.unwrap_or_default();
                    let what = format!("{}: {said}", failed.code);
                    Some(SendFailure {
                        at: placed.at,
                        id: placed.message.id.clone(),
                        error: errors::of_code(&failed.code, failed.sender_fault, what),
                    })
                });
                failed.collect()
            }
            Err(error) => {
                let shared = Arc::new(error);
                let each = |placed: &Placed| SendFailure {
                    at: placed.at,
                    id: placed.message.id.clone(),
                    error: match &*shared {
                        QueueError::Throttled => QueueError::Throttled,
                        QueueError::Invalid(why) => QueueError::Invalid(why.clone()),
                        _ => QueueError::Unavailable(Arc::clone(&shared).into()),
                    },
                };
                batch.iter().map(each).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::queue::MAX_MESSAGE_BYTES;

    #[test]
    fn no_request_is_larger_than_the_queue_takes() {
        let sizes = [MAX_MESSAGE_BYTES; 9].into_iter().chain([1; 25]);
        let placed: Vec<Placed> = sizes
            .enumerate()
            .map(|(at, size)| Placed {
                at,
                message: Message::new("i".repeat(128), "x".repeat(size)),
            })
            .collect();
        let batches = batches(placed);
        for batch in &batches {
            let size: usize = batch.iter().map(Placed::size_bytes).sum();
            assert!(size <= MAX_BATCH_BYTES && batch.len() <= MAX_BATCH_MESSAGES);
        }
        let order: Vec<usize> = batches.iter().flatten().map(|placed| placed.at).collect();
        assert_eq!(order, (0..34).collect::<Vec<_>>());
        assert_eq!(
            batches.len(),
            5,
            "three large ones together, ten messages at most"
        );
    }
}
