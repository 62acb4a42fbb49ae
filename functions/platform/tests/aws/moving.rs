//! What a move needs of the platform moved to: to see everything that is there, and to store keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use platform::aws::{AwsKeys, AwsTable};
use platform::ports::moving::{Destination as _, KeyKind, Scan as _, StoredKey};
use platform::{Condition, Cursor, Item, Key, Keys as _, SystemClock, TableError};
use secrecy::SecretBox;

use super::server::{Server, Which, clients, endpoint};

#[tokio::test]
async fn every_item_is_seen_once_and_none_that_expired() {
    let Some(server) = Server::open(Which::First).await else {
        return;
    };
    let table = &server.platform.table;
    let depot = &server.depot;
    let mut expected = BTreeSet::new();
    for n in 0..30_u64 {
        let key = Key::new(format!("t/acme/noun{}", n % 7), format!("{n}"));
        let item = Item::new(key.clone(), vec![1; 60_000]).with_sequence(n);
        table.put(item, Condition::None).await.unwrap();
        expected.insert((key, Some(n)));
    }
    let gone = Item::new(Key::new("t/acme/gone", "x"), "").with_expiry(1);
    table.put(gone, Condition::None).await.unwrap();
    let mut seen = BTreeSet::new();
    let mut cursor = None;
    let mut pages = 0;
    loop {
        let page = depot.items(8, cursor.as_ref()).await.unwrap();
        pages += 1;
        for item in page.items {
            assert!(
                seen.insert((item.key.clone(), item.sequence)),
                "twice: {item:?}"
            );
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(pages >= 4);
    assert_eq!(seen, expected);
    let made_up = Cursor("zz".to_owned());
    let refused = depot.items(8, Some(&made_up)).await;
    assert!(
        matches!(refused, Err(TableError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_key_that_is_moved_is_the_one_of_its_name_from_then_on() {
    let Some(server) = Server::open(Which::First).await else {
        return;
    };
    let own = server.platform.keys.signing_key("sessions").await.unwrap();
    let moved = StoredKey {
        kind: KeyKind::Signing,
        name: "sessions".to_owned(),
        secret: SecretBox::new(Box::new([7; 32])),
    };
    server.depot.put_key(&moved).await.unwrap();
    assert_ne!(moved.public(), Some(own.public()));
    // A process that begins after the move.
    let Some(endpoint) = endpoint(Which::First) else {
        return;
    };
    let (_, clients) = clients(&endpoint).await;
    let table = AwsTable::new(clients.table, &server.settings.table, Arc::new(SystemClock));
    let keys = AwsKeys::new(clients.keys, &server.settings.key, Arc::new(table));
    let found = keys.signing_key("sessions").await.unwrap();
    assert_eq!(Some(found.public()), moved.public());
}
