//! What changes in places reaches whoever wants to be told, at a real listener, once for each fix.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use handlers::Limits;
use notification::{ChannelSecrets, SigningSecret};
use platform::Platform;
use records::{
    ChannelRecord, Channels, CollectionRecord, Collections, Deliveries, DeliveryRecord, Layers,
};
use schemas::{
    ChannelId, TenantId, Timestamp,
    agent::InventoryBody,
    api::{
        collection::CollectionText,
        notification::{ChannelTarget, ChannelWants, DeliveryState},
    },
    collection::CollectionParts,
    inventory::{CoverageGap, CoverageStatus, GapReason},
    notification::NotificationEvent,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{T0, World, host, image, kev, layer, tracker};

/// A request as it arrived: path, headers, body.
type Arrived = (String, HeaderMap, Bytes);

/// A listener that keeps what arrives, and answers by the path: `/503-once` refuses the first of each id.
pub(crate) struct Listener {
    pub(crate) address: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Listener {
    pub(crate) async fn new() -> Self {
        let arrived = Arc::<Mutex<Vec<Arrived>>>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&arrived));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, arrived }
    }

    /// What arrived at a path since the last call.
    pub(crate) fn take(&self, path: &str) -> Vec<Arrived> {
        let mut arrived = self.arrived.lock().unwrap();
        let (at, rest) = std::mem::take(&mut *arrived)
            .into_iter()
            .partition(|(at, ..)| at == path);
        *arrived = rest;
        at
    }

    fn at(&self, path: &str) -> Vec<Arrived> {
        let arrived = self.arrived.lock().unwrap();
        let at = arrived.iter().filter(|(at, ..)| at == path);
        at.cloned().collect()
    }
}

async fn answer(
    State(arrived): State<Arc<Mutex<Vec<Arrived>>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let id = headers.get("webhook-id").cloned();
    let before = arrived
        .lock()
        .unwrap()
        .iter()
        .any(|(at, known, _)| *at == path && known.get("webhook-id") == id.as_ref());
    arrived.lock().unwrap().push((path.clone(), headers, body));
    match path.as_str() {
        "/503-once" if !before => (StatusCode::SERVICE_UNAVAILABLE, "later").into_response(),
        "/gone" => StatusCode::GONE.into_response(),
        "/bad" => (StatusCode::BAD_REQUEST, "what is\r\nthis?").into_response(),
        "/redirect" => (StatusCode::FOUND, [("location", "/hidden")]).into_response(),
        "/huge" => {
            // Without an end.
            let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 65_536]));
            let pieces = futures::stream::repeat_with(piece);
            Body::from_stream(pieces).into_response()
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn secret() -> SigningSecret {
    SigningSecret::new(&[7; 32])
}

/// Makes a channel to an address.
pub(crate) async fn channel(world: &World, id: &str, url: String, events: &[NotificationEvent]) {
    // The weather is for what is tested here.
    let record = record(&world.calm, &world.tenant, id, url, events).await;
    let channels = Channels(&world.calm);
    assert!(channels.put(&world.tenant, &record, None).await.unwrap());
}

/// A channel to an address, which is not kept yet.
pub(crate) async fn record(
    platform: &Platform,
    tenant: &TenantId,
    id: &str,
    url: String,
    events: &[NotificationEvent],
) -> ChannelRecord {
    let id: ChannelId = id.parse().unwrap();
    let secrets = ChannelSecrets::of_signing(&secret()).text().unwrap();
    let channels = Channels(platform);
    let at = Timestamp::from_ms(T0);
    ChannelRecord {
        version: 1,
        name: id.to_string(),
        target: ChannelTarget::Webhook { url },
        secrets: Some(channels.seal(tenant, &id, &secrets).await.unwrap()),
        id,
        old_secret_until: None,
        wants: ChannelWants {
            events: events.to_vec(),
            ..ChannelWants::default()
        },
        enabled: true,
        disabled_reason: None,
        created_at: at,
        created_by: "tests".to_owned(),
        updated_at: at,
        updated_by: "tests".to_owned(),
    }
}

async fn deliveries(world: &World, channel: &str) -> Vec<DeliveryRecord> {
    let id = channel.parse().unwrap();
    let deliveries = Deliveries(&world.platform);
    let list = deliveries.list(&world.tenant, &id, 100, None).await;
    list.unwrap().records
}

/// Two hosts that have nothing yet, once advisories are there.
async fn two_hosts(world: &World) {
    world.document(
        "tracker.json",
        tracker(&[("openssl", "CVE-2026-0001", "3.0.1")]),
    );
    world.document("kev.json", kev(&["CVE-2020-0001"]));
    world.refresh().await;
    for name in ["a", "b"] {
        let agent = world.agent(name).await;
        let packages = [("openssl", "3.0.15-1"), ("curl", "8")];
        world.send(&agent, 1, &host(name, &packages, &[])).await;
    }
    world.settle().await;
}

/// What was not read of a host.
fn gap(path: &str) -> CoverageGap {
    CoverageGap {
        reason: GapReason::ReadError,
        detail: "It is locked.".to_owned(),
        path: Some(path.to_owned()),
        layer: None,
    }
}

/// Two vulnerabilities that one update mends.
fn news() -> String {
    tracker(&[
        ("openssl", "CVE-2026-0001", "3.0.1"),
        ("openssl", "CVE-2026-0002", "3.0.16-1"),
        ("openssl", "CVE-2026-0003", "3.0.16-1"),
    ])
}

fn limits(quiet_s: u32) -> Limits {
    Limits {
        quiet_s,
        ..Limits::default()
    }
}

/// Each place with each vulnerability that messages tell of.
fn told(messages: &[Arrived]) -> BTreeSet<(String, String)> {
    let mut told = BTreeSet::new();
    for (_, _, body) in messages {
        let body: Value = serde_json::from_slice(body).unwrap();
        for place in body["data"]["places"].as_array().unwrap() {
            for known in body["data"]["vulnerabilities"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                told.insert((text(&place["place"]), text(&known["id"])));
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_feed_finds_new_is_one_signed_message_for_one_fix_in_all_places() {
    let world = World::with_limits(limits(2)).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    let both = [
        NotificationEvent::FindingsNew,
        NotificationEvent::FindingsFixed,
    ];
    channel(&world, "c1", format!("{}/ok", listener.address), &both).await;
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;

    let arrived = listener.at("/ok");
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    let (_, headers, body) = &arrived[0];
    let verifier = standardwebhooks::Webhook::new(secret().text().expose_secret()).unwrap();
    verifier.verify(body, headers).unwrap();
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["type"], "findings.new");
    assert_eq!(body["data"]["fix"]["package"], "openssl");
    assert_eq!(body["data"]["fix"]["fixed_version"], "3.0.16-1");
    assert_eq!(body["data"]["places"][0]["installed_version"], "3.0.15-1");
    let all = ["a", "b"].map(|host| {
        ["CVE-2026-0002", "CVE-2026-0003"].map(|id| (format!("host/{host}"), id.to_owned()))
    });
    assert_eq!(told(&arrived), BTreeSet::from_iter(all.concat()));
    let kept = deliveries(&world, "c1").await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].state, DeliveryState::Delivered);
    assert_eq!(headers["webhook-id"], kept[0].id.as_str());

    // The update comes to one host, and nothing is told again of the other.
    let agent = world.agent("a").await;
    let packages = [("openssl", "3.0.16-1"), ("curl", "8")];
    world.send(&agent, 2, &host("a", &packages, &[])).await;
    world.settle().await;
    let arrived = listener.at("/ok");
    assert_eq!(arrived.len(), 2);
    let body: Value = serde_json::from_slice(&arrived[1].2).unwrap();
    assert_eq!(body["type"], "findings.fixed");
    assert_eq!(body["data"]["places"].as_array().unwrap().len(), 1);
    assert_eq!(body["data"]["places"][0]["place"], "host/a");
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_is_tried_again_or_given_up_as_it_answers() {
    let world = World::with_limits(limits(0)).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    let new = [NotificationEvent::FindingsNew];
    for (id, path) in [
        ("once", "503-once"),
        ("gone", "gone"),
        ("bad", "bad"),
        ("redirect", "redirect"),
        ("huge", "huge"),
    ] {
        channel(&world, id, format!("{}/{path}", listener.address), &new).await;
    }
    let agent = world.agent("a").await;
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;
    world
        .send(&agent, 9, &host("a", &[("curl", "9")], &[]))
        .await;
    world.settle().await;

    // Away at first: the same id again, and delivered in the end.
    let once = deliveries(&world, "once").await;
    assert!(!once.is_empty());
    for delivery in once {
        assert_eq!(delivery.state, DeliveryState::Delivered);
        assert_eq!(delivery.attempts, 2);
        let arrived = listener.at("/503-once");
        let of = |arrived: &&Arrived| arrived.1["webhook-id"] == delivery.id.as_str();
        assert_eq!(arrived.iter().filter(of).count(), 2);
    }
    let channels = Channels(&world.platform);
    let id = |id: &str| id.parse::<ChannelId>().unwrap();
    let health = channels.health(&world.tenant, &id("once")).await.unwrap();
    assert_eq!(health.failing_since, None, "it arrived in the end");

    let (gone, _) = channels
        .get(&world.tenant, &id("gone"))
        .await
        .unwrap()
        .unwrap();
    assert!(!gone.enabled);
    assert!(gone.disabled_reason.unwrap().contains("410"));

    let bad = deliveries(&world, "bad").await;
    assert_eq!(bad[0].state, DeliveryState::Failed);
    assert_eq!(bad[0].attempts, 1);
    let result = bad[0].result.clone().unwrap();
    assert!(result.contains("400: what isthis?"), "{result}");
    let health = channels.health(&world.tenant, &id("bad")).await.unwrap();
    assert!(health.reason.unwrap().contains("400"));

    let redirect = deliveries(&world, "redirect").await;
    assert_eq!(redirect[0].state, DeliveryState::Failed);
    assert!(listener.at("/hidden").is_empty());

    let huge = deliveries(&world, "huge").await;
    assert_eq!(huge[0].state, DeliveryState::Delivered);
    assert!(huge[0].result.clone().unwrap().len() < 500);
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_scan_is_a_digest_and_without_channels_nothing_is_kept() {
    let world = World::with_limits(limits(2)).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;
    let changes = records::PlaceChanges(&world.platform);
    assert_eq!(changes.some(&world.tenant).await.unwrap(), []);

    let new = [NotificationEvent::FindingsNew];
    channel(&world, "c1", format!("{}/ok", listener.address), &new).await;
    for name in ["c", "d"] {
        let agent = world.agent(name).await;
        let packages = [("openssl", "3.0.15-1")];
        world.send(&agent, 1, &host(name, &packages, &[])).await;
    }
    world.settle().await;
    let arrived = listener.at("/ok");
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    let body: Value = serde_json::from_slice(&arrived[0].2).unwrap();
    assert_eq!(body["data"]["digest"], true);
    assert_eq!(told(&arrived).len(), 4, "two of each host");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_lacks_a_layer_is_told_of_what_is_new_and_once_of_what_the_layer_brings() {
    let world = World::with_limits(limits(0)).await;
    let listener = Listener::new().await;
    let known = [
        ("openssl", "CVE-2026-0001", "3.0.16-1"),
        ("curl", "CVE-2026-0002", "8"),
    ];
    world.document("tracker.json", tracker(&known));
    world.document("kev.json", kev(&["CVE-2020-0001"]));
    world.refresh().await;
    let new = [NotificationEvent::FindingsNew];
    channel(&world, "c1", format!("{}/ok", listener.address), &new).await;
    let agent = world.agent("a").await;
    let came = async |name: &str, packages: &[(&str, &str)]| {
        let (layers, at) = (Layers(&world.platform), Timestamp::from_ms(T0));
        let layer = layer(name, packages);
        let put = layers.put_by_agent(&world.tenant, &agent, "0", at, layer);
        put.await.unwrap();
    };
    let base = [("openssl", "3.0.15-1"), ("zlib", "1")];
    came("base", &base).await;
    let (id, body) = image("web", &["base", "late"]);
    world.send(&agent, 1, &body).await;
    world.settle().await;
    let place = format!("image/{id}");
    let ids = |messages: &[Arrived]| -> Vec<String> {
        told(messages).into_iter().map(|(_, id)| id).collect()
    };
    assert_eq!(ids(&listener.take("/ok")), ["CVE-2026-0001"]);

    // Matched once more, with the layer still missing and nothing new in it.
    let before = world.place(&place).await.unwrap().0;
    assert_eq!(before.missing_layers.len(), 1);
    let mut more = known.to_vec();
    more.push(("zlib", "CVE-2026-0003", "0.5"));
    world.document("tracker.json", tracker(&more));
    world.refresh().await;
    world.settle().await;
    let after = world.place(&place).await.unwrap().0;
    assert!(before.generation < after.generation && after.missing_layers.len() == 1);
    assert!(listener.take("/ok").is_empty(), "nothing is new");

    more.push(("zlib", "CVE-2026-0004", "2"));
    world.document("tracker.json", tracker(&more));
    world.refresh().await;
    world.settle().await;
    assert_eq!(ids(&listener.take("/ok")), ["CVE-2026-0004"]);

    came("late", &[base[0], base[1], ("curl", "7")]).await;
    world.settle().await;
    let arrived = listener.take("/ok");
    assert_eq!(ids(&arrived), ["CVE-2026-0002"]);
    let body: Value = serde_json::from_slice(&arrived[0].2).unwrap();
    assert_eq!(body["data"]["digest"], true, "it was there all the time");
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_not_whole_for_a_while_is_not_told_as_new_again() {
    let world = World::with_limits(limits(0)).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;
    let both = [
        NotificationEvent::FindingsNew,
        NotificationEvent::FindingsFixed,
    ];
    channel(&world, "c1", format!("{}/ok", listener.address), &both).await;
    let agent = world.agent("a").await;
    let seq = std::cell::Cell::new(1);
    let scanned = async |packages: &[(&str, &str)], gaps: usize| {
        let mut body = host("a", packages, &[]);
        let InventoryBody::Host { inventory } = &mut body else {
            panic!("not a host");
        };
        inventory.coverage.gaps = (0..gaps).map(|n| gap(&format!("var/lib/{n}"))).collect();
        if gaps > 0 {
            inventory.coverage.status = CoverageStatus::Partial;
        }
        seq.set(seq.get() + 1);
        world.send(&agent, seq.get(), &body).await;
        world.settle().await;
        world.found("host/a").await.len()
    };
    let all = [("openssl", "3.0.15-1"), ("curl", "8")];
    // The database of packages is locked now and then, wholly or in part.
    for _ in 0..2 {
        assert_eq!(scanned(&[("curl", "8")], 2).await, 0);
        assert_eq!(scanned(&[("bash", "8")], 1).await, 0);
        assert_eq!(scanned(&all, 0).await, 2);
    }
    assert!(listener.take("/ok").is_empty(), "nothing happened");
    // What came while it was not seen is told, and nothing else.
    assert_eq!(scanned(&[("curl", "8")], 1).await, 0);
    let more = [
        ("openssl", "CVE-2026-0001", "3.0.1"),
        ("openssl", "CVE-2026-0002", "3.0.16-1"),
        ("openssl", "CVE-2026-0003", "3.0.16-1"),
        ("zlib", "CVE-2026-0004", "2"),
    ];
    world.document("tracker.json", tracker(&more));
    world.refresh().await;
    world.settle().await;
    let with_zlib = [all[0], all[1], ("zlib", "1")];
    assert_eq!(scanned(&with_zlib, 0).await, 3);
    let of_a = |id: &str| ("host/a".to_owned(), id.to_owned());
    let arrived = told(&listener.take("/ok"));
    assert_eq!(arrived, BTreeSet::from([of_a("CVE-2026-0004")]));
    assert_eq!(
        scanned(&[("openssl", "3.0.16-1"), ("zlib", "1")], 0).await,
        1
    );
    let arrived = told(&listener.take("/ok"));
    let fixed = ["CVE-2026-0002", "CVE-2026-0003"].map(of_a);
    assert_eq!(arrived, BTreeSet::from(fixed));
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_whose_findings_are_lost_is_matched_again_and_not_told_as_wholly_new() {
    let world = World::with_limits(limits(0)).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    let both = [
        NotificationEvent::FindingsNew,
        NotificationEvent::FindingsFixed,
    ];
    channel(&world, "c1", format!("{}/ok", listener.address), &both).await;
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;
    assert!(!listener.take("/ok").is_empty());
    let ids = ["CVE-2026-0002", "CVE-2026-0003"];
    assert_eq!(world.found("host/a").await, ids);

    let blobs = &world.calm.blobs;
    let page = blobs.list("t/acme/findings/host/a", 100, None);
    let mut lost = 0;
    for blob in page.await.unwrap().blobs {
        blobs.delete(&blob.path).await.unwrap();
        lost += 1;
    }
    assert_eq!(lost, 1);
    // Advisories that change nothing there: what is found is as it was, and is written again.
    let mut rows = vec![
        ("openssl", "CVE-2026-0001", "3.0.1"),
        ("openssl", "CVE-2026-0002", "3.0.16-1"),
        ("openssl", "CVE-2026-0003", "3.0.16-1"),
        ("curl", "CVE-2026-0004", "7"),
    ];
    world.document("tracker.json", tracker(&rows));
    world.refresh().await;
    world.settle().await;
    assert_eq!(world.dead().await, []);
    assert_eq!(world.found("host/a").await, ids);
    assert!(listener.take("/ok").is_empty(), "nothing of it is new");

    rows.push(("curl", "CVE-2026-0005", "9"));
    world.document("tracker.json", tracker(&rows));
    world.refresh().await;
    world.settle().await;
    let all = ["a", "b"].map(|host| (format!("host/{host}"), "CVE-2026-0005".to_owned()));
    assert_eq!(told(&listener.take("/ok")), BTreeSet::from(all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_limited_to_a_collection_hears_of_what_lies_in_it_and_of_nothing_else() {
    let world = World::with_limits(limits(2)).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    let text = CollectionText {
        name: "A".to_owned(),
        description: String::new(),
        parts: CollectionParts {
            hosts: vec!["a".to_owned()],
            ..CollectionParts::default()
        },
    };
    let at = Timestamp::from_ms(T0);
    let collection = CollectionRecord::new("only-a".parse().unwrap(), text, at, "tests");
    let collections = Collections(&world.platform);
    let put = collections.put(&world.tenant, &collection, None).await;
    assert!(put.unwrap());
    let new = [NotificationEvent::FindingsNew];
    let url = |path: &str| format!("{}/{path}", listener.address);
    channel(&world, "all", url("all"), &new).await;
    let of_a = "only-a".parse().unwrap();
    let mut limited = record(&world.calm, &world.tenant, "some", url("some"), &new).await;
    limited.wants.collections = vec![of_a];
    let channels = Channels(&world.calm);
    assert!(channels.put(&world.tenant, &limited, None).await.unwrap());
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;
    let places = |path: &str| -> BTreeSet<String> {
        let told = told(&listener.at(path));
        told.into_iter().map(|(place, _)| place).collect()
    };
    assert_eq!(places("/some"), BTreeSet::from(["host/a".to_owned()]));
    assert_eq!(
        places("/all"),
        BTreeSet::from(["host/a".to_owned(), "host/b".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_any_weather_everything_is_told_and_no_message_has_two_contents() {
    let world = World::stormy_with(limits(0), 11).await;
    let listener = Listener::new().await;
    two_hosts(&world).await;
    let new = [NotificationEvent::FindingsNew];
    channel(&world, "c1", format!("{}/503-once", listener.address), &new).await;
    world.document("tracker.json", news());
    world.refresh().await;
    world.settle().await;
    let arrived = listener.at("/503-once");
    let all = ["a", "b"].map(|host| {
        ["CVE-2026-0002", "CVE-2026-0003"].map(|id| (format!("host/{host}"), id.to_owned()))
    });
    assert_eq!(told(&arrived), BTreeSet::from_iter(all.concat()));
    let mut contents = std::collections::BTreeMap::new();
    for one in &arrived {
        let id = one.1["webhook-id"].to_str().unwrap().to_owned();
        let before = contents.insert(id, one.clone());
        assert!(before.is_none_or(|before| before.2 == one.2));
    }
    let mut times = std::collections::BTreeMap::new();
    for one in contents.into_values() {
        for what in told(&[one]) {
            *times.entry(what).or_insert(0) += 1;
        }
    }
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}
