//! Messages of SQS: a batch at once, each answered by itself.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::future::join_all;
use handlers::{Context, Verdict};
use platform::{
    Delivery,
    aws::{self, queue::Received},
};
use roster::{Function, Work};

/// Delay before a message that may succeed later comes again, in seconds; see [`Work`].
const RETRY_DELAY_S: u32 = 5;
/// The part of an invocation's time that is left for answering what took too long.
const ANSWERING: u32 = 20;
/// The least and the most of it.
const ANSWERING_BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Answers a batch. What the answer does not name goes away.
pub(crate) async fn answer(
    context: &Arc<Context>,
    function: &'static Function,
    event: SqsEvent,
    deadline: SystemTime,
) -> (SqsBatchResponse, u64) {
    let work = Work {
        limit: limit(deadline),
        retry_delay_s: RETRY_DELAY_S,
        acknowledges: false,
    };
    let answers = event.records.into_iter().map(|record| async move {
        let id = record.message_id.clone().unwrap_or_default();
        let delivery = delivery(record, function);
        (id, work.answer(context, function, &delivery).await)
    });
    let mut response = SqsBatchResponse::default();
    let mut oldest_ms = 0;
    for (id, answered) in join_all(answers).await {
        oldest_ms = oldest_ms.max(answered.age_ms);
        let gone = answered.settled && answered.verdict != Verdict::Again;
        if !gone {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    (response, oldest_ms)
}

/// How long the work may take, so that it can still be answered within the invocation.
pub(crate) fn limit(deadline: SystemTime) -> Duration {
    let left = deadline
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let (least, most) = ANSWERING_BOUNDS;
    left.saturating_sub((left / ANSWERING).clamp(least, most))
}

/// A message as the queue's adapter would have received it.
fn delivery(record: SqsMessage, function: &Function) -> Delivery {
    let queue = match function.trigger {
        roster::Trigger::Queue(queue) => queue,
        roster::Trigger::Schedule { .. } => "",
    };
    let attributes = record.message_attributes.into_iter();
    let received = Received {
        body: record.body.unwrap_or_default(),
        receipt: record.receipt_handle.unwrap_or_default(),
        system: record.attributes,
        attributes: attributes
            .filter_map(|(name, attribute)| Some((name, attribute.string_value?)))
            .collect(),
    };
    aws::queue::delivery(queue, received)
}
