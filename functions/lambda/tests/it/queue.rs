//! Batches of SQS.

use std::time::Duration;

use platform::Message;
use records::messages::{self, QueueMessage as _, ScanMessage};
use serde_json::{Value, json};

use crate::support::{World, invoke, invoke_within};

async fn send(world: &World, messages: &[(&str, &str)]) {
    let messages = messages
        .iter()
        .map(|(id, body)| Message::new(*id, *body))
        .collect();
    let failed = world.platform.queue.send("scan", messages).await.unwrap();
    assert!(failed.is_empty());
}

fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn of_a_batch_only_what_is_to_come_again_is_a_failure() {
    let world = World::new();
    let good = r#"{"type":"place","tenant":"acme","place":"host/a"}"#;
    let good = ScanMessage::from_body(good).unwrap();
    messages::send(&world.platform, &[good]).await.unwrap();
    send(
        &world,
        &[
            ("acme/poison", r#"{"type":"place"}"#),
            ("acme/newer", r#"{"type":"transmute"}"#),
            ("acme/no-json", "<xml/>"),
        ],
    )
    .await;
    let batch = world.batch("scan").await;
    assert_eq!(batch["Records"].as_array().unwrap().len(), 4);
    let answer = invoke(&world.host("scan"), batch).await.unwrap();
    assert_eq!(failures(&answer), ["sqs-acme/newer"]);
    // The poison lies apart, and the message of a later version comes again later.
    let depth = world.depth("scan").await;
    assert_eq!(depth.dead, 2);
    let dead = world.platform.queue.list_dead("scan", 10, None).await;
    let ids: Vec<_> = dead
        .unwrap()
        .letters
        .into_iter()
        .map(|l| l.message.id)
        .collect();
    assert_eq!(ids, ["acme/no-json", "acme/poison"]);
}

#[tokio::test]
async fn what_there_is_no_time_for_comes_again() {
    let world = World::new();
    send(&world, &[("acme/1", r#"{"type":"fold","tenant":"acme"}"#)]).await;
    let batch = world.batch("scan").await;
    let answer = invoke_within(&world.host("scan"), batch, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(failures(&answer), ["sqs-acme/1"]);
    assert_eq!(world.depth("scan").await.dead, 0);
}

#[tokio::test]
async fn a_message_that_ended_its_instance_each_time_is_given_up() {
    let world = World::new();
    send(&world, &[("acme/1", r#"{"type":"fold","tenant":"acme"}"#)]).await;
    let mut batch = world.batch("scan").await;
    batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("17");
    let answer = invoke(&world.host("scan"), batch).await.unwrap();
    assert_eq!(failures(&answer), [""; 0]);
    assert_eq!(world.depth("scan").await.dead, 1);
}

#[tokio::test]
async fn an_event_of_another_form_is_refused_and_an_odd_message_is_not_believed() {
    let world = World::new();
    let host = world.host("scan");
    for event in [json!("hello"), json!([]), json!({"Records": [{"body": 5}]})] {
        let error = invoke(&host, event).await.unwrap_err().to_string();
        assert!(error.contains("a batch of messages of SQS"), "{error}");
    }
    // Without a receipt it cannot be put apart, so the queue keeps it.
    let bare = json!({"Records": [{"messageId": "m-1", "body": "x", "attributes": {"SentTimestamp": "soon"}}]});
    invoke(&host, bare).await.unwrap();
}
