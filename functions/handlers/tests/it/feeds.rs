//! Advisories that change, and documents that cannot be used.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, http::Uri};
use handlers::{Context, Downloads, FeedSources, Handler as _, HandlerError, Limits};
use platform::meter::{Meter, Operation};
use records::{
    Feeds,
    feed_mirror::{FeedMirror, MirroredFile},
    feeds::DownloadState,
    messages::{self, FeedMessage},
};
use sources::{
    feeds::{Fetcher, Patience, feed},
    http::{Http, HttpOptions},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::support::{World, host, kev, tracker};

async fn two_hosts(world: &World) {
    world.document(
        "tracker.json",
        tracker(&[
            ("openssl", "CVE-2026-0001", "3.0.15-1"),
            ("curl", "CVE-2026-0002", "7"),
        ]),
    );
    world.document("kev.json", kev(&["CVE-2020-0001"]));
    world.refresh().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world
        .send(&a, 1, &host("a", &[("openssl", "3.0.15-1")], &[]))
        .await;
    world.send(&b, 1, &host("b", &[("curl", "8")], &[])).await;
    world.settle().await;
    assert!(world.found("host/a").await.is_empty());
    assert!(world.found("host/b").await.is_empty());
}

async fn revision(world: &World, place: &str) -> u64 {
    world.place(place).await.unwrap().0.revision
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_advisory_matches_only_the_places_again_that_it_names() {
    let world = World::clear().await;
    two_hosts(&world).await;
    let (a, b) = (
        revision(&world, "host/a").await,
        revision(&world, "host/b").await,
    );

    // The fix turns out to be incomplete.
    world.document(
        "tracker.json",
        tracker(&[
            ("openssl", "CVE-2026-0001", "3.0.16-1"),
            ("curl", "CVE-2026-0002", "7"),
        ]),
    );
    world.refresh().await;
    world.settle().await;
    assert_eq!(world.found("host/a").await, ["CVE-2026-0001"]);
    assert_eq!(world.ranked().await.len(), 1);
    assert!(revision(&world, "host/a").await > a);
    assert_eq!(
        revision(&world, "host/b").await,
        b,
        "no row of its packages changed"
    );

    // The same documents again are no new generation.
    let generation = Feeds(&world.platform).generation().await.unwrap();
    world.refresh().await;
    world.settle().await;
    assert_eq!(
        Feeds(&world.platform).generation().await.unwrap(),
        generation
    );
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_of_exploitation_change_the_score_and_not_the_findings() {
    let world = World::clear().await;
    two_hosts(&world).await;
    let agent = world.agent("a").await;
    world
        .send(&agent, 2, &host("a", &[("openssl", "3.0.1-1")], &[]))
        .await;
    world.settle().await;
    let before = world.ranked().await;
    let revision_before = revision(&world, "host/a").await;
    assert!(!before.first().unwrap().2);

    world.document("kev.json", kev(&["CVE-2026-0001"]));
    world.refresh().await;
    world.settle().await;
    let after = world.ranked().await;
    assert!(after.first().unwrap().2);
    assert!(after.first().unwrap().1 > before.first().unwrap().1);
    assert_eq!(revision(&world, "host/a").await, revision_before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_cannot_be_used_leaves_the_last_good_rows_in_use() {
    let world = World::clear().await;
    two_hosts(&world).await;
    let agent = world.agent("a").await;
    world
        .send(&agent, 2, &host("a", &[("openssl", "3.0.1-1")], &[]))
        .await;
    world.settle().await;
    let whole = tracker(&[
        ("openssl", "CVE-2026-0001", "3.0.15-1"),
        ("curl", "CVE-2026-0002", "7"),
    ]);
    let cut = whole.get(..whole.len() / 2).unwrap();
    for bad in [cut, "", "<html>502 Bad Gateway</html>"] {
        world.document("tracker.json", bad);
        world.refresh().await;
        world.settle().await;
        let states = Feeds(&world.platform).states().await.unwrap();
        let state = states
            .iter()
            .find(|state| state.feed == "debian-tracker")
            .unwrap();
        let error = state
            .error
            .as_deref()
            .unwrap_or_else(|| panic!("{bad:?} was taken"));
        assert!(error.contains("tracker.json"), "{error}");
        assert!(state.good_at.is_some() && state.rows == 2, "{state:?}");
        // Another inventory is still matched with the last good rows.
        world
            .send(&agent, 3, &host("a", &[("openssl", "3.0.2-1")], &[]))
            .await;
        world.settle().await;
        assert_eq!(world.found("host/a").await, ["CVE-2026-0001"]);
    }
    world.document("tracker.json", whole);
    world.refresh().await;
    world.settle().await;
    let states = Feeds(&world.platform).states().await.unwrap();
    assert!(
        states.iter().all(|state| state.error.is_none()),
        "{states:?}"
    );
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_is_not_the_end_of_all_advisories() {
    let world = World::clear().await;
    two_hosts(&world).await;
    let generation = Feeds(&world.platform).generation().await.unwrap();
    for file in std::fs::read_dir(&world.documents).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    world.refresh().await;
    world.settle().await;
    assert_eq!(
        Feeds(&world.platform).generation().await.unwrap(),
        generation
    );
    let states = Feeds(&world.platform).states().await.unwrap();
    assert!(
        states.iter().all(|state| state.error.is_some()),
        "{states:?}"
    );
}

/// Serves one document under one entity tag, and counts how often it was sent.
async fn serve(document: String, sent: Arc<std::sync::atomic::AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let length = socket.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(request.get(..length).unwrap()).to_lowercase();
            let reply = if request.contains("if-none-match: \"v1\"") {
                "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_owned()
            } else {
                sent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\netag: \"v1\"\r\ncontent-length: {}\r\n\r\n{document}",
                    document.len()
                )
            };
            socket.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}/tracker")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_downloaded_when_they_changed() {
    let mut world = World::clear().await;
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let rows = tracker(&[("openssl", "CVE-2026-0001", "3.0.15-1")]);
    let url = serve(rows, Arc::clone(&sent)).await;
    let http = Http::new(&HttpOptions::default()).unwrap();
    let downloads = Downloads {
        // One document whatever is asked for, so that it is no answer to the question for another.
        fetcher: Fetcher::new(http, Patience::default(), Some(&url)),
        feeds: vec![feed("debian-tracker").unwrap(), feed("cisa-kev").unwrap()],
        folder: world.documents.join("downloads"),
        mirrored: false,
    };
    let sources = FeedSources::Download(downloads);
    world.context = Arc::new(Context::new(
        world.platform.clone(),
        sources,
        Limits::default(),
    ));
    world.refresh().await;
    world.settle().await;
    world.refresh().await;
    world.settle().await;
    // The tracker once; what was no catalogue is asked for again.
    assert_eq!(sent.load(std::sync::atomic::Ordering::SeqCst), 1 + 2);
    assert_eq!(Feeds(&world.platform).generation().await.unwrap(), 1);
    let downloads = Feeds(&world.platform).downloads().await.unwrap();
    let of = |name: &str| downloads.iter().find(|state| state.name == name).unwrap();
    let tracker = of("debian-tracker");
    assert_eq!(
        (&tracker.error, tracker.documents, tracker.rows),
        (&None, 1, 1)
    );
    assert!(tracker.good_at.is_some() && tracker.changed_at.is_some());
    let kev = of("cisa-kev");
    assert!(
        kev.error.as_deref().unwrap().contains("not recognised"),
        "{kev:?}"
    );
    assert_eq!((kev.documents, kev.good_at), (0, None));

    let agent = world.agent("a").await;
    world
        .send(&agent, 1, &host("a", &[("openssl", "3.0.1-1")], &[]))
        .await;
    world.settle().await;
    assert_eq!(world.found("host/a").await, ["CVE-2026-0001"]);
}

/// What publishers hold, by the last part of the path, and what they were asked for.
#[derive(Clone, Default)]
struct Publisher {
    held: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

const TRACKER: &str = "json";
const KEV: &str = "known_exploited_vulnerabilities.json";

async fn published(State(publisher): State<Publisher>, uri: Uri) -> (StatusCode, Bytes) {
    let last = uri.path().rsplit('/').next().unwrap().to_owned();
    publisher.asked.lock().unwrap().push(last.clone());
    match publisher.held.lock().unwrap().get(&last) {
        Some(text) => (StatusCode::OK, Bytes::from(text.clone())),
        None => (StatusCode::NOT_FOUND, Bytes::new()),
    }
}

impl Publisher {
    /// A world that downloads the tracker and the catalogue of exploited vulnerabilities from here.
    async fn world(&self) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(published).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut world = World::clear().await;
        let http = Http::new(&HttpOptions::default()).unwrap();
        let downloads = Downloads {
            fetcher: Fetcher::new(http, Patience::default(), Some(&url)),
            feeds: vec![feed("debian-tracker").unwrap(), feed("cisa-kev").unwrap()],
            folder: world.documents.join("downloads"),
            mirrored: false,
        };
        world.context = Arc::new(Context::new(
            world.platform.clone(),
            FeedSources::Download(downloads),
            Limits::default(),
        ));
        world
    }

    /// Publishes documents of so many rows.
    fn publish(&self, rows: usize) {
        let ids: Vec<_> = (0..rows)
            .map(|n| format!("CVE-2026-{:05}", 10_000 + n))
            .collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let of_tracker: Vec<_> = ids.iter().map(|id| ("openssl", *id, "3.0.15-1")).collect();
        let mut held = self.held.lock().unwrap();
        held.insert(TRACKER.to_owned(), tracker(&of_tracker));
        held.insert(KEV.to_owned(), kev(&ids));
    }

    fn asked_for(&self, name: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == name).count()
    }
}

async fn ask(world: &World, message: FeedMessage) {
    messages::send(&world.platform, &[message]).await.unwrap();
    world.settle().await;
    assert_eq!(world.dead().await, []);
}

async fn downloaded(world: &World, name: &str) -> DownloadState {
    let downloads = Feeds(&world.platform).downloads().await.unwrap();
    downloads
        .into_iter()
        .find(|state| state.name == name)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_shrank_is_taken_when_a_person_says_so_and_nothing_else() {
    let publisher = Publisher::default();
    publisher.publish(100);
    let world = publisher.world().await;
    ask(&world, FeedMessage::by_hand(BTreeSet::new())).await;
    publisher.publish(60);
    ask(&world, FeedMessage::by_hand(BTreeSet::new())).await;
    for name in ["debian-tracker", "cisa-kev"] {
        let state = downloaded(&world, name).await;
        assert_eq!((state.rows, state.held.len()), (100, 1), "{state:?}");
        let why = &state.held[0];
        assert!(why.contains("60 rows, and 100 before"), "{why}");
        let how = format!("POST /api/v1/feeds/refresh and {{\"accept_shrunk\": [\"{name}\"]}}");
        assert!(why.contains(&how), "{why}");
        assert!(
            !why.contains("--accept-shrunk"),
            "a server has no such flag: {why}"
        );
    }
    let accepted = BTreeSet::from(["cisa-kev".to_owned()]);
    ask(&world, FeedMessage::by_hand(accepted)).await;
    let taken = downloaded(&world, "cisa-kev").await;
    assert_eq!((taken.rows, taken.held.len()), (60, 0), "{taken:?}");
    let held = downloaded(&world, "debian-tracker").await;
    assert_eq!((held.rows, held.held.len()), (100, 1), "{held:?}");
    // It was the word for that time.
    publisher.publish(50);
    ask(&world, FeedMessage::by_hand(BTreeSet::new())).await;
    let held = downloaded(&world, "cisa-kev").await;
    assert_eq!((held.rows, held.held.len()), (60, 1), "{held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_asks_publishers_as_often_as_they_change_and_a_person_at_any_time() {
    let publisher = Publisher::default();
    publisher.publish(3);
    publisher.held.lock().unwrap().remove(TRACKER);
    let world = publisher.world().await;
    ask(&world, FeedMessage::scheduled()).await;
    assert_eq!(
        (publisher.asked_for(KEV), publisher.asked_for(TRACKER)),
        (1, 1)
    );
    // Just asked; what failed is asked for again.
    ask(&world, FeedMessage::scheduled()).await;
    assert_eq!(
        (publisher.asked_for(KEV), publisher.asked_for(TRACKER)),
        (1, 2)
    );
    ask(&world, FeedMessage::by_hand(BTreeSet::new())).await;
    assert_eq!(
        (publisher.asked_for(KEV), publisher.asked_for(TRACKER)),
        (2, 3)
    );
}

/// A world whose tracker is downloaded to a disk that can be lost, and where that is.
async fn on_a_passing_disk(url: &str) -> (World, PathBuf) {
    let mut world = World::clear().await;
    let folder = world.documents.join("passing");
    let http = Http::new(&HttpOptions::default()).unwrap();
    let downloads = Downloads {
        fetcher: Fetcher::new(http, Patience::default(), Some(url)),
        feeds: vec![feed("debian-tracker").unwrap()],
        folder: folder.clone(),
        mirrored: true,
    };
    world.context = Arc::new(Context::new(
        world.platform.clone(),
        FeedSources::Download(downloads),
        Limits::default(),
    ));
    (world, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_disk_makes_no_publisher_send_anything_again() {
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let rows = tracker(&[("openssl", "CVE-2026-0001", "3.0.15-1")]);
    let url = serve(rows, Arc::clone(&sent)).await;
    let (world, folder) = on_a_passing_disk(&url).await;
    ask(&world, FeedMessage::by_hand(BTreeSet::new())).await;
    assert_eq!(sent.load(std::sync::atomic::Ordering::SeqCst), 1);
    let mirrored = FeedMirror(&world.platform).list().await.unwrap();
    let paths: Vec<_> = mirrored.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.contains(&"state.json"), "{paths:?}");
    assert_eq!(paths.len(), 2, "{paths:?}");

    std::fs::remove_dir_all(&folder).unwrap();
    ask(&world, FeedMessage::by_hand(BTreeSet::new())).await;
    // It was asked by its entity tag, and what was compiled is the same.
    assert_eq!(sent.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(Feeds(&world.platform).generation().await.unwrap(), 1);
    let state = downloaded(&world, "debian-tracker").await;
    assert_eq!((state.error, state.rows), (None, 1));
    // What did not change was not stored again.
    let document = |files: &[MirroredFile]| {
        let found = files
            .iter()
            .find(|file| file.path.starts_with("documents/"));
        found.unwrap().clone()
    };
    let again = FeedMirror(&world.platform).list().await.unwrap();
    assert_eq!(document(&again), document(&mirrored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_do_not_update_the_feeds_at_once() {
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let url = serve(tracker(&[("a", "CVE-2026-0001", "1")]), Arc::clone(&sent)).await;
    let (world, _) = on_a_passing_disk(&url).await;
    let mirror = FeedMirror(&world.platform);
    let lease = mirror.lease().await.unwrap().unwrap();
    assert!(mirror.lease().await.unwrap().is_none());
    let refresh = [FeedMessage::scheduled()];
    messages::send(&world.platform, &refresh).await.unwrap();
    let how = platform::Receive::default();
    let deliveries = world.platform.queue.receive("feed", how).await.unwrap();
    let error = handlers::feed::Feed
        .handle(&world.context, &deliveries[0])
        .await
        .unwrap_err();
    assert!(matches!(error, HandlerError::Later(_)), "{error:?}");
    mirror.give_back(lease).await.unwrap();
    handlers::feed::Feed
        .handle(&world.context, &deliveries[0])
        .await
        .unwrap();
    assert_eq!(sent.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(mirror.lease().await.unwrap().is_some(), "it was given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_somebody_put_into_the_blob_store_are_compiled() {
    let mut world = World::clear().await;
    world.context = Arc::new(Context::new(
        world.platform.clone(),
        FeedSources::Mirror(world.documents.join("mirror")),
        Limits::default(),
    ));
    let platform = world.platform.clone();
    let put = async |rows: &[(&str, &str, &str)]| {
        let body = tracker(rows).into();
        let mirror = FeedMirror(&platform);
        mirror.put("documents/tracker.json", body).await.unwrap();
    };
    put(&[("openssl", "CVE-2026-0001", "3.0.15-1")]).await;
    ask(&world, FeedMessage::scheduled()).await;
    let agent = world.agent("a").await;
    world
        .send(&agent, 1, &host("a", &[("openssl", "3.0.1-1")], &[]))
        .await;
    world.settle().await;
    assert_eq!(world.found("host/a").await, ["CVE-2026-0001"]);

    put(&[("openssl", "CVE-2026-0002", "3.0.15-1")]).await;
    ask(&world, FeedMessage::scheduled()).await;
    assert_eq!(world.found("host/a").await, ["CVE-2026-0002"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn advisories_that_concern_no_installed_version_rewrite_no_findings_and_tell_nobody() {
    let meter = Arc::new(Meter::looking());
    let world = World::metered(Arc::clone(&meter)).await;
    two_hosts(&world).await;
    let (before, document) = world.place("host/a").await.unwrap();
    // Another flaw of the same package, mended long before the installed version.
    world.document(
        "tracker.json",
        tracker(&[
            ("openssl", "CVE-2026-0001", "3.0.15-1"),
            ("openssl", "CVE-2020-0007", "1.0"),
            ("curl", "CVE-2026-0002", "7"),
        ]),
    );
    world.refresh().await;
    let asked = meter.snapshot();
    world.settle().await;
    let (after, same) = world.place("host/a").await.unwrap();
    assert!(after.revision > before.revision, "it was matched again");
    assert!(after.generation > before.generation);
    assert_eq!(after.findings, before.findings);
    assert_eq!(same, document);
    // The generation's own documents and the record of its state, and of the place its record alone.
    let asked = meter.snapshot().since(&asked);
    assert_eq!(asked.of(Operation::Transact).calls, 0);

    // What is installed counts at once, also after that.
    world.document(
        "tracker.json",
        tracker(&[
            ("openssl", "CVE-2026-0001", "9"),
            ("openssl", "CVE-2020-0007", "1.0"),
            ("curl", "CVE-2026-0002", "7"),
        ]),
    );
    world.refresh().await;
    world.settle().await;
    assert_eq!(world.found("host/a").await, ["CVE-2026-0001"]);
    assert_eq!(world.ranked().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_places_that_changes_concern_are_told_in_parts() {
    let limits = Limits {
        rematched_at_once: 1,
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    world.document(
        "tracker.json",
        tracker(&[("openssl", "CVE-2026-0001", "2")]),
    );
    world.refresh().await;
    for name in ["a", "b", "c", "d"] {
        let agent = world.agent(name).await;
        let seen = host(name, &[("openssl", "3"), ("curl", "8")], &[]);
        world.send(&agent, 1, &seen).await;
    }
    world.settle().await;
    world.document(
        "tracker.json",
        tracker(&[("openssl", "CVE-2026-0001", "4")]),
    );
    world.document("kev.json", kev(&["CVE-2026-0001"]));
    world.refresh().await;
    world.settle().await;
    for name in ["a", "b", "c", "d"] {
        let found = world.found(&format!("host/{name}")).await;
        assert_eq!(found, ["CVE-2026-0001"], "{name}");
    }
    // Where the document of changes is gone, all places are told, in parts as well.
    let gone = messages::ScanMessage::Rematch {
        tenant: world.tenant.clone(),
        changes: "00000000000000000001-0123456789abcdef0123456789abcdef".to_owned(),
        from: None,
    };
    messages::send(&world.platform, &[gone]).await.unwrap();
    world.settle().await;
    assert!(world.dead().await.is_empty());
}
