//! What EventBridge Scheduler starts.

use records::messages::{FeedMessage, QueueMessage as _};
use serde_json::{Value, json};

use crate::support::{World, invoke};

/// What EventBridge Scheduler sends where nothing else is configured.
fn tick() -> Value {
    json!({
        "version": "0",
        "id": "a1b2c3d4-5678-90ab-cdef-11111EXAMPLE",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": "2026-11-20T12:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/bulkhead-feed-refresh"],
        "detail": "{}",
    })
}

#[tokio::test]
async fn a_schedule_that_fires_twice_has_one_effect() {
    let world = World::new();
    let refresh = world.host("feed-refresh");
    for event in [tick(), tick(), Value::Null] {
        assert_eq!(invoke(&refresh, event).await.unwrap(), Value::Null);
    }
    // The same message each time, so whoever reads it does the same each time: nothing is due after the first.
    let batch = world.batch("feed").await;
    let expected = FeedMessage::scheduled().to_message().unwrap();
    for record in batch["Records"].as_array().unwrap() {
        assert_eq!(
            record["messageAttributes"]["id"]["stringValue"],
            expected.id
        );
    }
    let answer = invoke(&world.host("feed"), batch).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));

    let fold = world.host("fold");
    for _ in 0..2 {
        assert_eq!(invoke(&fold, tick()).await.unwrap(), Value::Null);
    }
    assert_eq!(world.depth("score").await.ready, 0);
}
