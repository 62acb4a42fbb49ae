//! Queues where no template makes them.

use aws_sdk_sqs::{Client, types::QueueAttributeName};

use super::{DEAD, errors};
use crate::ports::QueueError;

/// After so many deliveries SQS itself gives a message up. Receivers give up earlier, with a reason.
const MAX_RECEIVES: u32 = 50;
/// How long messages are kept, in seconds: as long as SQS can (14 days).
const KEPT_S: &str = "1209600";

/// Makes the queue of this URL and the one for what it gives up. Those that are there stay as they are.
pub(super) async fn pair(client: &Client, url: &str) -> Result<(), QueueError> {
    let dead = make(client, &format!("{url}{DEAD}"), None).await?;
    let asked = client.get_queue_attributes().queue_url(&dead);
    let answer = asked
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await
        .map_err(|error| errors::of("GetQueueAttributes", &dead, error))?;
    let arn = answer
        .attributes
        .and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn))
        .ok_or_else(|| QueueError::Unavailable("SQS gave no ARN of a queue".into()))?;
    let policy = serde_json::json!({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES});
    make(client, url, Some(policy.to_string())).await.map(drop)
}

async fn make(client: &Client, url: &str, redrive: Option<String>) -> Result<String, QueueError> {
    let name = url.rsplit('/').next().unwrap_or_default();
    let mut asked = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::MessageRetentionPeriod, KEPT_S);
    if let Some(policy) = redrive {
        asked = asked.attributes(QueueAttributeName::RedrivePolicy, policy);
    }
    let made = asked
        .send()
        .await
        .map_err(|error| errors::of("CreateQueue", url, error))?;
    made.queue_url
        .ok_or_else(|| QueueError::Unavailable("SQS made a queue without a URL".into()))
}
