//! The conformance suite: queues of the adapter, with their dead letters in its table. Time passes by itself here.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use futures::future::join_all;
use platform::aws::AwsQueue;
use platform::conformance::{Subject, checks};
use platform::ports::{Message, Queue, Receive};
use platform::{Platform, SystemClock};

use super::server::{Server, Which, clients, endpoint};

/// Checks of queues alone are told by the file that they are in.
const ABOUT: &str = "queue";

/// A platform whose queues are the adapter's, and the address that its queues begin with.
async fn queues(which: Which) -> Option<(Server, Platform, String)> {
    let server = Server::open(which).await?;
    let (settings, clients) = clients(&endpoint(which)?).await;
    let config = clients.queue.config().to_builder();
    let credentials = Credentials::new("test", "test", None, None, "test");
    let client = aws_sdk_sqs::Client::from_conf(config.credentials_provider(credentials).build());
    let mut platform = server.platform.clone();
    platform.clock = Arc::new(SystemClock);
    let queue = AwsQueue::new(
        client,
        &settings.queue_url_prefix,
        Arc::clone(&platform.table),
        Arc::clone(&platform.clock),
    );
    platform.queue = Arc::new(queue.making_queues());
    Some((server, platform, settings.queue_url_prefix))
}

async fn failures(which: Which) -> Option<Vec<String>> {
    let (server, platform, _) = queues(which).await?;
    let mut subject: Subject = server.subject(platform);
    subject.pass_s = Arc::new(|seconds| {
        Box::pin(async move { tokio::time::sleep(Duration::from_secs(seconds)).await })
    });
    let checks: Vec<_> = checks()
        .into_iter()
        .filter(|check| check.about == ABOUT)
        .collect();
    assert!(checks.len() > 10, "the checks of queues are not found");
    let subject = &subject;
    let ran = checks
        .iter()
        .map(|check| async move { (check.name, check.run(subject).await) });
    let failed = join_all(ran).await.into_iter();
    let failed = failed.filter_map(|(name, ran)| Some(format!("{name}: {}", ran.err()?)));
    Some(failed.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_keep_every_promise() {
    if let Some(failed) = failures(Which::First).await {
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_is_of_the_same_opinion_of_queues() {
    if let Some(failed) = failures(Which::Second).await {
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_no_template_made_is_named() {
    let Some(endpoint) = endpoint(Which::First) else {
        return;
    };
    let server = Server::open(Which::First).await.unwrap();
    let (_, clients) = clients(&endpoint).await;
    let config = clients.queue.config().to_builder();
    let credentials = Credentials::new("test", "test", None, None, "test");
    let queue = AwsQueue::new(
        aws_sdk_sqs::Client::from_conf(config.credentials_provider(credentials).build()),
        format!("{endpoint}/000000000000/nowhere-"),
        Arc::clone(&server.platform.table),
        Arc::new(SystemClock),
    );
    let error = queue.receive("scan", Receive::default()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("nowhere-scan"), "{cause}");
    assert!(error.is_transient(), "messages wait until it is there");
    let failed = queue
        .send("scan", vec![Message::new("1", "b")])
        .await
        .unwrap();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].error.is_transient());
}

/// What a function that crashed leaves behind: SQS gives the message up, and the dead letters have it with its id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sqs_gave_up_is_found_among_the_dead_letters() {
    let Some((_server, platform, _)) = queues(Which::First).await else {
        return;
    };
    let queue = &platform.queue;
    // As SQS itself would: the message goes to the second queue with its attributes.
    queue.send("crash", Vec::new()).await.unwrap();
    let failed = queue
        .send("crash-dead", vec![Message::new("default/1", "b")])
        .await
        .unwrap();
    assert!(failed.is_empty());
    assert_eq!(queue.depth("crash").await.unwrap().dead, 1);
    let page = queue.list_dead("crash", 10, None).await.unwrap();
    assert_eq!(page.letters.len(), 1);
    assert_eq!(page.letters[0].message.id, "default/1");
    let again = platform::Which::Ids(vec!["default/1".to_owned()]);
    assert_eq!(queue.redrive("crash", again).await.unwrap(), 1);
    let found = queue.receive("crash", Receive::default()).await.unwrap();
    assert_eq!(found[0].message.body, "b");
}
