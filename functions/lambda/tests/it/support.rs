//! A host on the embedded platform, and events.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use handlers::FeedSources;
use lambda::{Host, HostError, Role, Settings};
use lambda_runtime::{Context, LambdaEvent};
use platform::{Embedded, Platform, Receive, SystemClock};
use serde_json::{Value, json, value::to_raw_value};

pub(crate) struct World {
    pub(crate) platform: Platform,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let platform = Embedded::open(store, Arc::new(SystemClock)).unwrap();
        Self {
            platform,
            _folder: folder,
        }
    }

    pub(crate) fn host(&self, function: &str) -> Host {
        Host::new(self.settings(function), self.platform.clone())
    }

    pub(crate) fn settings(&self, function: &str) -> Settings {
        Settings {
            role: Role::named(Some(function)).unwrap(),
            stage: "tests".to_owned(),
            tenant_rate: None,
            caller_rate: None,
            address_rate: None,
            sources: FeedSources::None,
            guard: sources::http::Guard::default(),
        }
    }

    /// Everything in a queue, as the event that Lambda makes of it.
    pub(crate) async fn batch(&self, queue: &str) -> Value {
        let how = Receive::default();
        let deliveries = self.platform.queue.receive(queue, how).await.unwrap();
        let records: Vec<_> = deliveries
            .iter()
            .map(|delivery| {
                json!({
                    "messageId": format!("sqs-{}", delivery.message.id),
                    "receiptHandle": delivery.receipt,
                    "body": delivery.message.body,
                    "attributes": {
                        "ApproximateReceiveCount": delivery.receive_count.to_string(),
                        "SentTimestamp": delivery.sent_at_ms.to_string(),
                        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                        "ApproximateFirstReceiveTimestamp": delivery.first_received_at_ms.to_string(),
                    },
                    "messageAttributes": {
                        "id": {
                            "stringValue": delivery.message.id,
                            "stringListValues": [],
                            "binaryListValues": [],
                            "dataType": "String",
                        },
                    },
                    "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:bulkhead-{queue}"),
                    "awsRegion": "us-east-1",
                })
            })
            .collect();
        json!({"Records": records})
    }

    pub(crate) async fn depth(&self, queue: &str) -> platform::Depth {
        self.platform.queue.depth(queue).await.unwrap()
    }
}

pub(crate) async fn invoke(host: &Host, event: Value) -> Result<Value, HostError> {
    invoke_within(host, event, Duration::from_secs(30)).await
}

/// Invokes a host that has so much time.
pub(crate) async fn invoke_within(
    host: &Host,
    event: Value,
    time: Duration,
) -> Result<Value, HostError> {
    let mut context = Context::default();
    context.request_id = "5f5e7d3c-0000-4000-8000-000000000001".to_owned();
    let deadline = SystemTime::now() + time;
    let since = deadline.duration_since(UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(since.as_millis()).unwrap();
    let payload = to_raw_value(&event).unwrap();
    host.answer(LambdaEvent::new(payload, context)).await
}
