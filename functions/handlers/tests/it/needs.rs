//! Functions do on the platform what the roster says that they do, all of it and nothing else: what they may do in the
//! cloud is made from that.

use std::{
    collections::BTreeSet,
    fs::File,
    ops::Range,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use handlers::{Context, FeedSources, Limits};
use platform::{
    BatchWrite, Blob, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, Condition, Cursor,
    DeadPage, Delivery, Depth, Index, Item, Key, Message, Page, Platform, PutOptions, QueryPage,
    Queue, QueueError, Receive, SendFailure, SortRange, Table, TableError, UploadRequest,
    UploadTicket, Which, Write,
};
use records::{Layers, messages};
use roster::{FUNCTIONS, Function, Needs, Records, Trigger};
use schemas::{Timestamp, notification::NotificationEvent};

use crate::{
    notify,
    registry::{Registry, world},
    support::{T0, World, container, containers, host, image, kev, layer, tracker},
};

/// What was done, as `read PATTERN`, `send QUEUE`, `records Write`; what is not among the needs has no pattern.
type Done = Arc<Mutex<BTreeSet<String>>>;

/// A platform that notes what is done on it.
#[derive(Clone)]
struct Watched {
    inner: Platform,
    needs: Needs,
    done: Done,
}

impl Watched {
    fn over(inner: &Platform, needs: Needs, done: &Done) -> Platform {
        let watched = Arc::new(Self {
            inner: inner.clone(),
            needs,
            done: Arc::clone(done),
        });
        Platform {
            table: Arc::clone(&watched) as _,
            blobs: Arc::clone(&watched) as _,
            queue: watched,
            ..inner.clone()
        }
    }

    fn note(&self, what: String) {
        self.done.lock().unwrap().insert(what);
    }

    fn blob(&self, verb: &str, path: &str, patterns: &[&str]) {
        let named = patterns.iter().find(|pattern| is_like(path, pattern));
        self.note(format!("{verb} {}", named.unwrap_or(&path)));
    }

    fn records(&self, how: Records) {
        self.note(format!("records {how:?}"));
    }
}

/// Whether `*` for any characters makes a path of the pattern.
fn is_like(path: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => path == pattern,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| is_like(rest, after)))
        }),
    }
}

/// What a function does when it does all that it needs.
fn whole(needs: &Needs) -> BTreeSet<String> {
    let each = |verb: &str, of: &[&str]| -> Vec<String> {
        of.iter().map(|one| format!("{verb} {one}")).collect()
    };
    let records: &[&str] = match needs.records {
        Records::None => &[],
        Records::Read => &["Read"],
        Records::Write => &["Read", "Write"],
    };
    [
        each("records", records),
        each("read", needs.reads),
        each("store", needs.writes),
        each("delete", needs.deletes),
        each("send", needs.sends),
        each("gather", needs.gathers),
    ]
    .concat()
    .into_iter()
    .collect()
}

/// What nothing here makes a function do.
const ELSEWHERE: [(&str, &str); 2] = [
    // Only a download has no time for all.
    ("feed", "send feed"),
    // Only a state above 4 KiB, some hundreds of findings in one place, is a blob of its own.
    ("score", "delete t/*/estate/*"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_do_what_the_roster_says_and_nothing_else() {
    let (registry, _) = Registry::start().await;
    // Each layer of an image has a message of its own, and each new state of a place is folded.
    let limits = Limits {
        max_image_bytes: 1,
        fold_at: 1,
        quiet_s: 0,
        silent_s: 0,
        ..Limits::default()
    };
    let world = world(World::clear().await, limits.max_image_bytes).await;
    let hosts: Vec<_> = FUNCTIONS
        .iter()
        .map(|function| {
            let done = Done::default();
            let platform = Watched::over(&world.platform, function.needs, &done);
            let sources = FeedSources::Folder(world.documents.clone());
            let context = Context::new(platform, sources, limits.clone());
            let registries = world.context.registries.clone();
            (function, context.with_registries(registries), done)
        })
        .collect();

    // Who is to be told need not be there.
    let url = "https://hooks.example.invalid/x".to_owned();
    notify::channel(&world, "c1", url, &NotificationEvent::CHOSEN).await;
    let agent = world.agent("web-1").await;
    let (id, body) = image("web", &["base", "web"]);
    for layer in [layer("base", &[]), layer("web", &[("curl", "7.88.1-1")])] {
        Layers(&world.platform)
            .put_by_agent(&world.tenant, &agent, "0", Timestamp::from_ms(T0), layer)
            .await
            .unwrap();
    }
    world
        .send(&agent, 1, &host("web-1", &[("curl", "7")], &[]))
        .await;
    world.send(&agent, 2, &body).await;
    let running = containers("web-1", vec![container("c1", &id, true)]);
    world.send(&agent, 3, &running).await;
    messages::send(&world.platform, &[registry.message(&world, "1")])
        .await
        .unwrap();
    // A registry that is looked at from time to time.
    registry.hold("list", br#"{"tags": ["1"]}"#.to_vec());
    crate::survey::set_up(&world, &registry, &["team/app"], |settings| {
        settings.every_hours = Some(1);
    })
    .await;
    settle(&world, &hosts).await;
    // Everything is there by now; what changes replaces it.
    world
        .send(&agent, 4, &host("web-1", &[("curl", "6")], &[]))
        .await;
    world.document("tracker.json", tracker(&[("curl", "CVE-2026-0002", "9")]));
    world.document("kev.json", kev(&["CVE-2026-0002"]));
    settle(&world, &hosts).await;
    // A generation stays for those who are reading it; the next but one removes it.
    for fixed in ["10", "11", "12"] {
        world.document("tracker.json", tracker(&[("curl", "CVE-2026-0002", fixed)]));
        settle(&world, &hosts).await;
    }
    crate::exceptions::approve(&world, "CVE-2026-0002").await;
    settle(&world, &hosts).await;
    assert_eq!(world.dead().await, []);
    assert_eq!(world.found("host/web-1").await, ["CVE-2026-0002"]);

    for (function, _, done) in hosts {
        let (done, needs) = (done.lock().unwrap().clone(), whole(&function.needs));
        let name = function.name;
        let more: Vec<_> = done.difference(&needs).collect();
        assert!(
            more.is_empty(),
            "{name} does what the roster does not say: {more:?}"
        );
        let less: Vec<_> = needs
            .difference(&done)
            .filter(|what| !ELSEWHERE.contains(&(name, what.as_str())))
            .collect();
        assert!(less.is_empty(), "{name} never does: {less:?}");
    }
}

/// Starts what is scheduled, then runs all functions until nothing is left to do.
async fn settle(world: &World, hosts: &[(&Function, Context, Done)]) {
    let tick = Delivery {
        queue: String::new(),
        message: Message::new("tick", "{}"),
        receipt: String::new(),
        receive_count: 1,
        first_received_at_ms: 0,
        sent_at_ms: 0,
    };
    for (function, context, _) in hosts {
        if matches!(function.trigger, Trigger::Schedule { .. }) {
            function.handler.handle(context, &tick).await.unwrap();
        }
    }
    let mut worked = true;
    while worked {
        worked = false;
        for (function, context, _) in hosts {
            let Trigger::Queue(queue) = function.trigger else {
                continue;
            };
            let how = Receive::default();
            for delivery in world.platform.queue.receive(queue, how).await.unwrap() {
                function.handler.handle(context, &delivery).await.unwrap();
                world.platform.queue.ack(&delivery).await.unwrap();
                worked = true;
            }
        }
    }
}

#[async_trait]
impl Table for Watched {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.records(Records::Read);
        self.inner.table.get(key).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.records(Records::Read);
        self.inner.table.get_many(keys).await
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        self.records(Records::Write);
        self.inner.table.put(item, condition).await
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        self.records(Records::Write);
        self.inner.table.delete(key, condition).await
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.records(Records::Read);
        self.inner.table.query(partition, range, page).await
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        // No policy gives the indexes to anybody.
        self.note(format!("index {index:?}"));
        self.inner
            .table
            .query_index(index, partition, range, page)
            .await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.records(Records::Write);
        self.inner.table.transact(writes).await
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        self.records(Records::Write);
        self.inner.table.write_batch(writes).await
    }
}

#[async_trait]
impl Blobs for Watched {
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        self.blob("store", path.as_str(), self.needs.writes);
        self.inner.blobs.put(path, body, options).await
    }

    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        self.blob("read", path.as_str(), self.needs.reads);
        self.inner.blobs.get(path).await
    }

    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        self.blob("read", path.as_str(), self.needs.reads);
        self.inner.blobs.get_range(path, range).await
    }

    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        self.blob("read", path.as_str(), self.needs.reads);
        self.inner.blobs.head(path).await
    }

    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        self.blob("delete", path.as_str(), self.needs.deletes);
        self.inner.blobs.delete(path).await
    }

    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        self.blob("read", prefix, self.needs.reads);
        self.inner.blobs.list(prefix, limit, cursor).await
    }

    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        self.blob("store", path.as_str(), self.needs.writes);
        self.inner.blobs.upload_url(path, request).await
    }

    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        self.blob("read", path.as_str(), self.needs.reads);
        let blobs = &self.inner.blobs;
        blobs.download_url(path, expires_in_s, file_name).await
    }

    async fn open_file(&self, path: &BlobPath) -> Result<Option<File>, BlobError> {
        self.blob("read", path.as_str(), self.needs.reads);
        self.inner.blobs.open_file(path).await
    }
}

/// Functions send. Receiving, and all that follows from it, is for their hosts.
#[async_trait]
impl Queue for Watched {
    async fn send(
        &self,
        queue: &str,
        messages: Vec<Message>,
    ) -> Result<Vec<SendFailure>, QueueError> {
        self.note(format!("send {queue}"));
        self.inner.queue.send(queue, messages).await
    }

    async fn receive(&self, queue: &str, how: Receive) -> Result<Vec<Delivery>, QueueError> {
        self.note(format!("receive {queue}"));
        self.inner.queue.receive(queue, how).await
    }

    async fn ack(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.note("ack".to_owned());
        self.inner.queue.ack(delivery).await
    }

    async fn extend(&self, delivery: &Delivery, visibility_s: u32) -> Result<(), QueueError> {
        self.note("extend".to_owned());
        self.inner.queue.extend(delivery, visibility_s).await
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError> {
        self.note("dead_letter".to_owned());
        self.inner.queue.dead_letter(delivery, reason).await
    }

    async fn list_dead(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError> {
        // In the cloud what SQS gave up is gathered first where a list begins, and the letters are records.
        if cursor.is_none_or(|after| after.ends_with('/')) {
            self.note(format!("gather {queue}"));
        }
        self.records(Records::Read);
        self.inner.queue.list_dead(queue, limit, cursor).await
    }

    async fn gather_dead(&self, queue: &str) -> Result<u64, QueueError> {
        self.note(format!("gather {queue}"));
        self.inner.queue.gather_dead(queue).await
    }

    async fn redrive(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        self.note(format!("redrive {queue}"));
        self.inner.queue.redrive(queue, which).await
    }

    async fn purge_dead(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        self.note(format!("purge_dead {queue}"));
        self.inner.queue.purge_dead(queue, which).await
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        self.note(format!("depth {queue}"));
        self.inner.queue.depth(queue).await
    }
}
