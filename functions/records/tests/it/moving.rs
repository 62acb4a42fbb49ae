//! A site that is moved is there as it was here, or is not moved; and a move that broke off goes on.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;

use platform::weather::{Forecast, Weather};
use platform::{
    Blob, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, Condition, Cursor, Embedded,
    EmbeddedDepot, EmbeddedOptions, Index, Item, Key, ManualClock, Message, Platform, PutOptions,
    Receive, Scan as _, UploadRequest, UploadTicket,
};
use records::identity::Identity;
use records::moving::{From, MoveError, Moved, To, move_site};

use crate::support::tenant;

struct Side {
    platform: Platform,
    depot: EmbeddedDepot,
}

impl Side {
    fn open(folder: &Path) -> Self {
        let clock = Arc::new(ManualClock::new(1_780_000_000_000));
        let (platform, depot) =
            Embedded::open_whole(folder, clock, EmbeddedOptions::default()).unwrap();
        Self { platform, depot }
    }

    /// Everything in the table but versions, in order.
    async fn all(&self) -> Vec<Item> {
        let page = self.depot.items(1000, None).await.unwrap();
        assert!(page.next.is_none());
        let own = |item: &Item| item.key.partition != "global/moving";
        let items = page.items.into_iter().filter(own);
        items.map(|item| Item { version: 0, ..item }).collect()
    }
}

async fn put(platform: &Platform, item: Item) {
    platform.table.put(item, Condition::None).await.unwrap();
}

fn document(n: usize) -> (BlobPath, Vec<u8>) {
    let path = match n {
        0 => "global/feeds/shards/x".to_owned(),
        n => format!("t/acme/findings/host/{n}"),
    };
    // From a few bytes to more than is read at once.
    let body = [b'a' + u8::try_from(n).unwrap()].repeat(1 << (2 * n + 6));
    (BlobPath::parse(path).unwrap(), body)
}

/// A site with a tenant, its records and documents, keys, and messages in every state.
async fn site(folder: &Path) -> Side {
    let side = Side::open(folder);
    let platform = &side.platform;
    Identity::new(platform.clone())
        .create_tenant(&tenant())
        .await
        .unwrap();
    for n in 0..130 {
        let item = Item::new(Key::new("t/acme/hosts", format!("h{n:03}")), vec![n; 30])
            .with_sequence(u64::MAX - u64::from(n))
            .with_index(Index::Two, "t/acme/by-name", format!("{n}"));
        put(platform, item).await;
    }
    put(
        platform,
        Item::new(Key::new("t/acme/big", "x"), vec![7; 300_000]),
    )
    .await;
    put(
        platform,
        Item::new(Key::new("global/feeds", "current"), "1"),
    )
    .await;
    let soon = Item::new(Key::new("t/acme/nonces", "n"), "").with_expiry(1_780_001_000);
    put(platform, soon).await;
    let gone = Item::new(Key::new("t/acme/nonces", "old"), "").with_expiry(1_700_000_000);
    put(platform, gone).await;
    for n in 0..6 {
        let (path, body) = document(n);
        let stored = platform
            .blobs
            .put(&path, body.into(), PutOptions::default());
        stored.await.unwrap();
    }
    platform.keys.signing_key("sessions").await.unwrap();
    platform.keys.mac_key("cursors").await.unwrap();
    for (id, delay_s) in [("dead", 0), ("held", 0), ("new", 0), ("later", 600)] {
        let mut message = Message::new(format!("acme/{id}"), id);
        message.delay_s = delay_s;
        let failed = platform.queue.send("scan", vec![message]).await.unwrap();
        assert!(failed.is_empty());
        if delay_s == 0 && id != "new" {
            let taken = platform.queue.receive("scan", Receive::default()).await;
            if id == "dead" {
                let taken = &taken.unwrap()[0];
                platform.queue.dead_letter(taken, "broken").await.unwrap();
            }
        }
    }
    side
}

/// A store of documents that takes so many and then breaks.
struct Breaking {
    inner: Arc<dyn Blobs>,
    left: AtomicI64,
    under_way: AtomicI64,
}

fn breaking_off(side: &Side, after: i64) -> Platform {
    breaking(side.platform.clone(), after)
}

/// The platform, whose store of documents takes so many more.
pub(crate) fn breaking(mut platform: Platform, after: i64) -> Platform {
    platform.blobs = Arc::new(Breaking {
        inner: platform.blobs,
        left: AtomicI64::new(after),
        under_way: AtomicI64::new(after),
    });
    platform
}

#[async_trait]
impl Blobs for Breaking {
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            // Not before the others are stored.
            while self.under_way.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
            return Err(BlobError::Invalid("the line is cut".to_owned()));
        }
        let stored = self.inner.put(path, body, options).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        stored
    }

    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        self.inner.get(path).await
    }

    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        self.inner.get_range(path, range).await
    }

    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        self.inner.head(path).await
    }

    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        self.inner.delete(path).await
    }

    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        self.inner.list(prefix, limit, cursor).await
    }

    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        self.inner.upload_url(path, request).await
    }

    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        let inner = &self.inner;
        inner.download_url(path, expires_in_s, file_name).await
    }

    async fn open_file(&self, path: &BlobPath) -> Result<Option<File>, BlobError> {
        self.inner.open_file(path).await
    }
}

async fn go(from: &Side, to: &Side, platform: &Platform) -> Result<Moved, MoveError> {
    let from = From {
        platform: &from.platform,
        origin: &from.depot,
    };
    let to = To {
        platform,
        destination: &to.depot,
    };
    move_site(from, to, &|_| {}).await
}

/// Finds the whole site there.
async fn is_there(from: &Side, to: &Side) {
    assert_eq!(to.all().await, from.all().await);
    for n in 0..6 {
        let (path, body) = document(n);
        let blob = to.platform.blobs.get(&path).await.unwrap();
        assert_eq!(blob.body.collect(1 << 20).await.unwrap(), body);
    }
    let keys = (&from.platform.keys, &to.platform.keys);
    assert_eq!(
        keys.0.signing_key("sessions").await.unwrap().public(),
        keys.1.signing_key("sessions").await.unwrap().public()
    );
    assert_eq!(
        keys.0.mac_key("cursors").await.unwrap().mac(b"x"),
        keys.1.mac_key("cursors").await.unwrap().mac(b"x")
    );
    let mut bodies = Vec::new();
    let depth = to.platform.queue.depth("scan").await.unwrap();
    assert!(depth.delayed >= 1, "{depth:?}");
    for delivery in to
        .platform
        .queue
        .receive("scan", Receive::default())
        .await
        .unwrap()
    {
        bodies.push(delivery.message.body);
    }
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies, ["dead", "held", "new"]);
}

#[tokio::test]
async fn a_site_is_there_as_it_was_here_once() {
    let folder = tempfile::tempdir().unwrap();
    let from = site(&folder.path().join("from")).await;
    let to = Side::open(&folder.path().join("to"));
    // Somebody has looked whether it answers: it has keys of its own.
    to.platform.keys.signing_key("sessions").await.unwrap();
    let before = from.all().await;
    let moved = go(&from, &to, &to.platform).await.unwrap();
    assert_eq!(
        (
            moved.keys,
            moved.blobs,
            moved.items,
            moved.messages,
            moved.dead_letters
        ),
        (3, 6, 134, 3, 1)
    );
    is_there(&from, &to).await;
    assert_eq!(from.all().await, before, "the site that was left changed");
    let again = go(&from, &to, &to.platform).await;
    assert!(matches!(again, Err(MoveError::Done)), "{again:?}");
    let other = Side::open(&folder.path().join("other"));
    other.platform.keys.signing_key("sessions").await.unwrap();
    let another = go(&other, &to, &to.platform).await;
    assert!(matches!(another, Err(MoveError::Another)), "{another:?}");
}

#[tokio::test]
async fn a_move_that_broke_off_goes_on_and_copies_no_document_twice() {
    let folder = tempfile::tempdir().unwrap();
    let from = site(&folder.path().join("from")).await;
    let to = Side::open(&folder.path().join("to"));
    let shut = Forecast {
        throttled: 1000,
        ..Forecast::clear(3)
    };
    // Documents go over, and then the queues cannot be reached.
    let mut broken = to.platform.clone();
    broken.queue = Weather::over(to.platform.clone(), shut).queue;
    let failed = go(&from, &to, &broken).await;
    assert!(matches!(failed, Err(MoveError::Queue(..))), "{failed:?}");
    // By now it works there, and what it did is not undone.
    let changed = Item::new(Key::new("t/acme/hosts", "h000"), "newer");
    put(&to.platform, changed.clone()).await;
    let moved = go(&from, &to, &to.platform).await.unwrap();
    assert!(moved.resumed);
    let there = to.platform.table.get(&changed.key).await.unwrap();
    assert_eq!(there.unwrap().value, changed.value);

    let to = Side::open(&folder.path().join("second"));
    let failed = go(&from, &to, &breaking_off(&to, 3)).await;
    assert!(matches!(failed, Err(MoveError::Blob(..))), "{failed:?}");
    let moved = go(&from, &to, &to.platform).await.unwrap();
    assert_eq!(
        (moved.resumed, moved.blobs, moved.blobs_there),
        (true, 6, 3)
    );
    is_there(&from, &to).await;
}

#[tokio::test]
async fn a_storm_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let from = site(&folder.path().join("from")).await;
    let to = Side::open(&folder.path().join("to"));
    let stormy = Weather::over(to.platform.clone(), Forecast::storm(11));
    let mut moved = go(&from, &to, &stormy).await;
    for _ in 0..5 {
        if moved.is_ok() {
            break;
        }
        moved = go(&from, &to, &stormy).await;
    }
    moved.unwrap();
    is_there(&from, &to).await;
}

#[tokio::test]
async fn nothing_is_written_over_and_what_differs_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let from = site(&folder.path().join("from")).await;
    let used = Side::open(&folder.path().join("used"));
    Identity::new(used.platform.clone())
        .create_tenant(&"other".parse().unwrap())
        .await
        .unwrap();
    let before = used.all().await;
    let refused = go(&from, &used, &used.platform).await;
    assert!(
        matches!(refused, Err(MoveError::NotEmpty(_))),
        "{refused:?}"
    );
    assert_eq!(used.all().await, before);

    // Somebody enrols an agent while the move goes on: that is found out before the site opens.
    let to = Side::open(&folder.path().join("to"));
    go(&from, &to, &breaking_off(&to, 1)).await.unwrap_err();
    let extra = Key::new("t/acme/agents", "a");
    put(&to.platform, Item::new(extra.clone(), "x")).await;
    let refused = go(&from, &to, &to.platform).await;
    assert!(matches!(refused, Err(MoveError::Extra(_))), "{refused:?}");
    let tenants = Identity::new(to.platform.clone()).tenants().await.unwrap();
    assert!(tenants.is_empty(), "it opened");
    to.platform
        .table
        .delete(&extra, Condition::None)
        .await
        .unwrap();
    go(&from, &to, &to.platform).await.unwrap();
}
