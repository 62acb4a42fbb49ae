//! The conformance suite: queues of the adapter, with their dead letters in its table. Time passes by itself here.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use futures::future::join_all;
use platform::aws::AwsQueue;
use platform::conformance::{Subject, checks};
use platform::ports::{
    BatchWrite, Condition, Index, Item, Key, Message, Page, QueryPage, Queue, Receive, SortRange,
    Table, TableError, Write,
};
use platform::{Platform, SystemClock};

use super::server::{Server, Which, clients, endpoint};

/// Checks of queues alone are told by the file that they are in.
const ABOUT: &str = "queue";

/// A server, and a platform on it whose queues are the adapter's.
struct Site {
    server: Server,
    platform: Platform,
    client: aws_sdk_sqs::Client,
    url_prefix: String,
}

impl Site {
    /// Its queues, with dead letters in this table.
    fn queue(&self, table: Arc<dyn Table>) -> Arc<dyn Queue> {
        let clock = Arc::new(SystemClock);
        let queue = AwsQueue::new(self.client.clone(), &self.url_prefix, table, clock);
        Arc::new(queue.making_queues())
    }
}

async fn queues(which: Which) -> Option<Site> {
    let server = Server::open(which).await?;
    let (settings, clients) = clients(&endpoint(which)?).await;
    let config = clients.queue.config().to_builder();
    let credentials = Credentials::new("test", "test", None, None, "test");
    let mut site = Site {
        platform: server.platform.clone(),
        server,
        client: aws_sdk_sqs::Client::from_conf(config.credentials_provider(credentials).build()),
        url_prefix: settings.queue_url_prefix,
    };
    site.platform.clock = Arc::new(SystemClock);
    site.platform.queue = site.queue(Arc::clone(&site.platform.table));
    Some(site)
}

async fn failures(which: Which) -> Option<Vec<String>> {
    let site = queues(which).await?;
    let mut subject: Subject = site.server.subject(site.platform.clone());
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
    let Some(site) = queues(Which::First).await else {
        return;
    };
    let queue = &site.platform.queue;
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

/// A schedule has to keep what SQS gave up: nobody lists dead letters in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sqs_gave_up_becomes_records_although_nobody_lists_it() {
    for which in [Which::First, Which::Second] {
        let Some(site) = queues(which).await else {
            return;
        };
        let queue = &site.platform.queue;
        queue.send("rot", Vec::new()).await.unwrap();
        assert_eq!(queue.gather_dead("rot").await.unwrap(), 0);
        let all: Vec<_> = (0..25)
            .map(|n| Message::new(format!("default/{n}"), format!("body {n}")))
            .collect();
        // As SQS itself would. This one makes no queues, and so no second queue for the second queue.
        let table = Arc::clone(&site.platform.table);
        let clock = Arc::new(SystemClock);
        let plain = AwsQueue::new(site.client.clone(), &site.url_prefix, table, clock);
        assert!(plain.send("rot-dead", all).await.unwrap().is_empty());
        assert_eq!(queue.gather_dead("rot").await.unwrap(), 25);
        assert_eq!(queue.gather_dead("rot").await.unwrap(), 0);
        let native = format!("{}rot-dead", site.url_prefix);
        let left = site.client.receive_message().queue_url(native);
        assert_eq!(left.send().await.unwrap().messages().len(), 0);
        let table = &site.platform.table;
        let first = Page::first(100);
        let records = table.query("global/dead/rot", &SortRange::All, &first);
        assert_eq!(records.await.unwrap().items.len(), 25);
        let page = queue.list_dead("rot", 100, None).await.unwrap();
        let letter = &page.letters[0];
        assert_eq!(
            (letter.message.id.as_str(), letter.message.body.as_str()),
            ("default/0", "body 0")
        );
    }
}

/// A table in which a dead letter comes back in the moment before it is forgotten: what was sent again died again.
struct Returning(Arc<dyn Table>);

#[async_trait::async_trait]
impl Table for Returning {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.0.get_many(keys).await
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        self.0.put(item, condition).await
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        if let Some(item) = self.0.get(key).await? {
            self.0.put(item, Condition::None).await?;
        }
        self.0.delete(key, condition).await
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.0.query(partition, range, page).await
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.0.query_index(index, partition, range, page).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.0.transact(writes).await
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        self.0.write_batch(writes).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_died_again_while_it_was_replayed_stays() {
    let Some(site) = queues(Which::First).await else {
        return;
    };
    let table = Arc::clone(&site.platform.table);
    let plain = site.queue(Arc::clone(&table));
    let returning = site.queue(Arc::new(Returning(table)));
    let one = vec![Message::new("default/1", "b")];
    assert!(plain.send("replay", one).await.unwrap().is_empty());
    let found = plain.receive("replay", Receive::default()).await.unwrap();
    plain.dead_letter(&found[0], "why").await.unwrap();
    let all = platform::Which::All;
    assert_eq!(returning.redrive("replay", all).await.unwrap(), 1);
    let left = plain.list_dead("replay", 10, None).await.unwrap();
    assert_eq!(left.letters.len(), 1, "the newer letter is lost");
}
