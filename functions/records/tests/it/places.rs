//! What a place asks of shards is kept with its findings, and written again only when it changed.

use std::sync::Arc;

use platform::Platform;
use platform::meter::{Meter, Operation, metered};
use records::{
    PlaceRecord, Places,
    places::{NameSet, ShardNames},
};
use schemas::Place;

use crate::support::{store, tenant};

fn place() -> Place {
    "host/db-1".parse().unwrap()
}

/// Stores a state of the place that asks a shard for these names.
async fn put(platform: &Platform, shard: &str, names: &[&str]) {
    let (places, tenant) = (Places(platform), tenant());
    let before = places.get(&tenant, &place()).await.unwrap();
    let mut record: PlaceRecord =
        serde_json::from_str(include_str!("samples/place.1.json")).unwrap();
    record.shards.truncate(1);
    record.shards[0].shard = shard.to_owned();
    let document = serde_json::from_str(include_str!("samples/findings.1.json")).unwrap();
    let names = [ShardNames {
        shard: shard.to_owned(),
        names: NameSet::of(names.iter().copied()),
    }];
    let put = places.put(&tenant, before.as_ref(), record, document, &names);
    put.await.unwrap().unwrap();
}

/// Whether a change of this name in a shard concerns the place.
async fn concerns(platform: &Platform, shard: &str, name: &str) -> bool {
    let (places, tenant, names) = (Places(platform), tenant(), NameSet::of([name]));
    let asking = places.asking(&tenant, shard, &names, None).await;
    asking.unwrap().records == [place()]
}

#[tokio::test]
async fn a_changed_advisory_finds_a_place_by_what_it_asks_now() {
    let (inner, _folder) = store();
    let meter = Arc::new(Meter::looking());
    let platform = metered(inner, Arc::clone(&meter));
    let transactions = || meter.snapshot().of(Operation::Transact).calls;
    put(&platform, "debian:12", &["curl", "zlib"]).await;
    assert_eq!(transactions(), 1);
    for _ in 0..2 {
        put(&platform, "debian:12", &["curl", "zlib"]).await;
        assert!(concerns(&platform, "debian:12", "curl").await);
    }
    assert_eq!(transactions(), 1, "it asks the same");
    put(&platform, "debian:12", &["zlib"]).await;
    assert!(!concerns(&platform, "debian:12", "curl").await);
    assert!(concerns(&platform, "debian:12", "zlib").await);
    // Another release of its system: the shard is another one.
    put(&platform, "debian:13", &["zlib"]).await;
    assert!(!concerns(&platform, "debian:12", "zlib").await);
    assert!(concerns(&platform, "debian:13", "zlib").await);
    put(&platform, "debian:12", &["curl", "zlib"]).await;
    assert!(concerns(&platform, "debian:12", "curl").await);
    assert!(!concerns(&platform, "debian:13", "zlib").await);
    assert_eq!(transactions(), 4);
}

#[tokio::test]
async fn a_place_of_an_earlier_release_says_anew_what_it_asks() {
    let (platform, _folder) = store();
    let old = include_str!("samples/place.1.json");
    let key = platform::Key::new("t/acme/places", "host/db-1");
    let item = platform::Item::new(key, old);
    let stored = platform.table.put(item, platform::Condition::None);
    stored.await.unwrap();
    put(&platform, "debian:12", &["curl"]).await;
    assert!(concerns(&platform, "debian:12", "curl").await);
}
