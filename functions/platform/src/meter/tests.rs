use std::sync::Arc;

use super::{Count, Meter, Operation, Port, metered};
use crate::{
    BlobPath, Condition, Embedded, Index, Item, Key, ManualClock, Message, Page, Platform,
    PutOptions, Receive, SortRange, Write,
};

fn open(meter: Meter) -> (tempfile::TempDir, Platform, Arc<Meter>) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let meter = Arc::new(meter);
    let platform = metered(
        Embedded::open(dir.path(), clock).unwrap(),
        Arc::clone(&meter),
    );
    (dir, platform, meter)
}

fn item(sort: &str, bytes: usize) -> Item {
    Item::new(Key::new("p", sort), vec![b'x'; bytes])
}

#[tokio::test]
async fn reads_and_writes_of_the_table_are_counted_by_its_units() {
    let (_dir, platform, meter) = open(Meter::looking());
    let table = &platform.table;
    let units = |operation| {
        let count = meter.snapshot().of(operation);
        (count.requests, count.read_half_units, count.write_units)
    };
    table.put(item("a", 10), Condition::None).await.unwrap();
    table.put(item("b", 6000), Condition::None).await.unwrap();
    assert_eq!(units(Operation::Put), (2, 0, 1 + 6));
    table.get(&Key::new("p", "b")).await.unwrap();
    table.get(&Key::new("p", "absent")).await.unwrap();
    assert_eq!(units(Operation::Get), (2, 4 + 2, 0));
    let keys = ["a", "b", "absent"].map(|sort| Key::new("p", sort));
    table.get_many(&keys).await.unwrap();
    assert_eq!(units(Operation::GetMany), (1, 2 + 4 + 2, 0));
    let page = Page::first(10);
    table.query("p", &SortRange::All, &page).await.unwrap();
    assert_eq!(units(Operation::Query), (1, 4, 0), "one sum for the page");
    table.delete(&keys[1], Condition::None).await.unwrap();
    assert_eq!(
        units(Operation::Delete),
        (1, 0, 6),
        "what goes counts as it was"
    );
    let refused = table.put(item("a", 10), Condition::NotExists).await;
    refused.unwrap_err();
    assert_eq!(
        units(Operation::Put),
        (3, 0, 8),
        "a refused write costs, too"
    );
    assert_eq!(meter.snapshot().of(Operation::Put).failures, 1);
}

#[tokio::test]
async fn transactions_count_twice_and_indexes_when_they_change() {
    let (_dir, platform, meter) = open(Meter::looking());
    let indexed = |bytes, sort| item("a", bytes).with_index(Index::One, "i", sort);
    let write = |item| {
        vec![Write::Put {
            item,
            condition: Condition::None,
        }]
    };
    let mut before = 0;
    let mut spent = || {
        let units = meter.snapshot().of(Operation::Transact).write_units;
        let spent = units - before;
        before = units;
        spent
    };
    platform
        .table
        .transact(write(indexed(1, "1")))
        .await
        .unwrap();
    assert_eq!(spent(), 2 * 2);
    platform
        .table
        .transact(write(indexed(2, "1")))
        .await
        .unwrap();
    assert_eq!(spent(), 2, "its place in the index stays");
    platform
        .table
        .transact(write(indexed(2, "2")))
        .await
        .unwrap();
    assert_eq!(spent(), 2 * 3, "one goes, one comes");
    let check = vec![Write::Check {
        key: Key::new("p", "a"),
        condition: Condition::Exists,
    }];
    platform.table.transact(check).await.unwrap();
    assert_eq!(spent(), 2);
    let page = Page::first(10);
    let found = platform
        .table
        .query_index(Index::One, "i", &SortRange::All, &page);
    assert_eq!(found.await.unwrap().items.len(), 1);
    let count = meter.snapshot().of(Operation::QueryIndex);
    assert_eq!((count.requests, count.read_half_units), (2, 1 + 2));
}

#[tokio::test]
async fn blobs_messages_and_keys_are_counted_with_their_bytes() {
    let (_dir, platform, meter) = open(Meter::new());
    let path = BlobPath::parse("t/acme/x").unwrap();
    let body = vec![1_u8; 3000];
    let put = platform
        .blobs
        .put(&path, body.into(), PutOptions::default());
    put.await.unwrap();
    platform.blobs.get(&path).await.unwrap();
    platform.blobs.get_range(&path, 2990..9999).await.unwrap();
    let messages = (0..12).map(|n| Message::new(n.to_string(), "body"));
    assert!(
        platform
            .queue
            .send("q", messages.collect())
            .await
            .unwrap()
            .is_empty()
    );
    let received = platform.queue.receive("q", Receive::default()).await;
    let first = received.unwrap().remove(0);
    platform.queue.ack(&first).await.unwrap();
    platform.keys.mac_key("k").await.unwrap();
    let now = meter.snapshot();
    let of = |operation| {
        let count: Count = now.of(operation);
        (count.requests, count.sent_bytes, count.received_bytes)
    };
    assert_eq!(of(Operation::PutBlob), (1, 3000, 0));
    assert_eq!(of(Operation::GetBlob), (1, 0, 3000));
    assert_eq!(of(Operation::GetBlobRange), (1, 0, 10));
    assert_eq!(of(Operation::Send), (2, 48, 0));
    assert_eq!(of(Operation::Receive).0, 1);
    assert_eq!(now.port(Port::Queue).requests, 4);
    assert_eq!(of(Operation::MacKey), (1, 0, 0));
    assert_eq!(
        meter.snapshot().since(&now).port(Port::Blobs),
        Count::default()
    );
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> =
        Operation::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), Operation::ALL.len());
    assert!(names.contains("blobs.get_range"));
}
