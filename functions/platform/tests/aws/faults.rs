//! What the adapter does when DynamoDB, KMS or the way to them fails.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use platform::aws::{AwsKeys, AwsTable, provision};
use platform::patience::{patiently, write_all};
use platform::{
    BatchWrite, Condition, Item, Key, KeyError, Keys, Page, SortRange, SystemClock, Table,
    TableError, Write,
};
use serde_json::json;

use super::proxy::{Fault, Proxy};
use super::server::{Which, clients, endpoint};

/// A table behind a proxy, with a short time for each request.
async fn behind(proxy: &Proxy) -> (AwsTable, String) {
    let (settings, clients) = clients(&proxy.endpoint).await;
    let config = clients.table.config().to_builder().timeout_config(
        TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(800))
            .build(),
    );
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    let table = AwsTable::new(client, &settings.table, Arc::new(SystemClock));
    (table, settings.table)
}

/// A table of a real server behind a proxy; nothing where none is set.
async fn real() -> Option<(Proxy, AwsTable)> {
    let endpoint = endpoint(Which::First)?;
    let proxy = Proxy::before(Some(&endpoint)).await;
    let (table, name) = behind(&proxy).await;
    let (_, direct) = clients(&endpoint).await;
    provision::create_table(&direct, &name).await.unwrap();
    Some((proxy, table))
}

fn item(sort: &str, value: &str) -> Item {
    Item::new(Key::new("faults", sort), value)
}

fn put(sort: &str, condition: Condition) -> Write {
    Write::Put {
        item: item(sort, "1"),
        condition,
    }
}

/// What each operation says, one after the other.
async fn errors(table: &AwsTable) -> Vec<TableError> {
    let key = item("a", "").key;
    let first = Page::first(1);
    vec![
        table.get(&key).await.unwrap_err(),
        table
            .get_many(std::slice::from_ref(&key))
            .await
            .unwrap_err(),
        table
            .put(item("a", "1"), Condition::None)
            .await
            .unwrap_err(),
        table
            .put(item("a", "1"), Condition::Exists)
            .await
            .unwrap_err(),
        table.delete(&key, Condition::None).await.unwrap_err(),
        table.delete(&key, Condition::Exists).await.unwrap_err(),
        table
            .query("faults", &SortRange::All, &first)
            .await
            .unwrap_err(),
        table
            .transact(vec![put("a", Condition::Exists)])
            .await
            .unwrap_err(),
        table
            .write_batch(vec![BatchWrite::Delete(key)])
            .await
            .unwrap_err(),
    ]
}

#[tokio::test]
async fn errors_of_the_service_are_of_their_kind() {
    let proxy = Proxy::before(None).await;
    let (table, _) = behind(&proxy).await;
    for code in [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
    ] {
        proxy.always(Fault::error(400, code));
        for error in errors(&table).await {
            assert!(matches!(error, TableError::Throttled), "{code}: {error:?}");
        }
    }
    for fault in [
        Fault::error(500, "InternalServerError"),
        Fault::Answer(503, "<html>busy</html>".to_owned()),
        Fault::Answer(200, "neither an item nor JSON".to_owned()),
        Fault::error(400, "AccessDeniedException"),
        Fault::error(400, "ResourceNotFoundException"),
        Fault::error(400, "TransactionInProgressException"),
    ] {
        proxy.always(fault.clone());
        for error in errors(&table).await {
            assert!(
                matches!(error, TableError::Unavailable(_)),
                "{fault:?}: {error:?}"
            );
        }
    }
    proxy.always(Fault::error(400, "ValidationException"));
    for error in errors(&table).await {
        assert!(matches!(error, TableError::Invalid(_)), "{error:?}");
    }
    let size = json!({"message": "Item size has exceeded the maximum allowed size"});
    proxy.always(Fault::error_with(400, "ValidationException", size));
    let error = table.put(item("a", "1"), Condition::None).await;
    assert!(matches!(error, Err(TableError::TooLarge { .. })));
    proxy.always(Fault::error(400, "TransactionConflictException"));
    for condition in [Condition::None, Condition::Exists] {
        let error = table.put(item("a", "1"), condition).await;
        assert!(matches!(error, Err(TableError::Conflict)), "{error:?}");
    }
}

#[tokio::test]
async fn reasons_of_a_cancelled_transaction_are_told_apart() {
    let proxy = Proxy::before(None).await;
    let (table, _) = behind(&proxy).await;
    let writes = || vec![put("a", Condition::Exists), put("b", Condition::Exists)];
    let cancelled = |codes: [&str; 2]| {
        let reasons = codes.map(|code| json!({"Code": code}));
        let body = json!({"Message": "cancelled", "CancellationReasons": reasons});
        Fault::error_with(400, "TransactionCanceledException", body)
    };
    proxy.always(cancelled(["None", "TransactionConflict"]));
    let error = table.transact(writes()).await.unwrap_err();
    assert!(matches!(error, TableError::Conflict), "{error:?}");
    for code in ["ThrottlingError", "ProvisionedThroughputExceeded"] {
        proxy.always(cancelled([code, "None"]));
        let error = table.transact(writes()).await.unwrap_err();
        assert!(matches!(error, TableError::Throttled), "{error:?}");
    }
    proxy.always(cancelled(["TransactionConflict", "ConditionalCheckFailed"]));
    let error = table.transact(writes()).await.unwrap_err();
    assert!(
        matches!(error, TableError::ConditionFailed { at: 1, .. }),
        "{error:?}"
    );
    proxy.always(cancelled(["ValidationError", "None"]));
    let error = table.transact(writes()).await.unwrap_err();
    assert!(matches!(error, TableError::Invalid(_)), "{error:?}");
    proxy.always(cancelled(["SomethingNew", "None"]));
    let error = table.transact(writes()).await.unwrap_err();
    assert!(matches!(error, TableError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_too_large_is_never_sent() {
    let proxy = Proxy::before(None).await;
    let (table, _) = behind(&proxy).await;
    proxy.next([]);
    let large = Item::new(Key::new("faults", "large"), vec![0; 400 * 1024]);
    let one = table.put(large.clone(), Condition::None).await;
    assert!(matches!(one, Err(TableError::TooLarge { .. })), "{one:?}");
    let many = table
        .transact(vec![Write::Put {
            item: large.clone(),
            condition: Condition::None,
        }])
        .await;
    assert!(matches!(many, Err(TableError::TooLarge { .. })), "{many:?}");
    let batch = table.write_batch(vec![BatchWrite::Put(large)]).await;
    assert!(matches!(batch, Err(TableError::TooLarge { .. })));
    assert_eq!(proxy.seen(), [""; 0]);
}

#[tokio::test]
async fn silence_ends_and_says_that_nothing_is_known() {
    let proxy = Proxy::before(None).await;
    let (table, _) = behind(&proxy).await;
    proxy.always(Fault::Silence);
    let error = table.put(item("a", "1"), Condition::NotExists).await;
    assert!(matches!(error, Err(TableError::Unavailable(_))));
    assert_eq!(proxy.seen(), ["PutItem"]);
}

#[tokio::test]
async fn foreign_items_are_named_and_panic_nowhere() {
    let proxy = Proxy::before(None).await;
    let (table, _) = behind(&proxy).await;
    for found in [
        json!({}),
        json!({"p": {"S": "faults"}, "s": {"S": "a"}}),
        json!({"p": {"S": "faults"}, "s": {"S": "a"}, "v": {"S": "text"}, "n": {"N": "1"}}),
        json!({"p": {"S": "faults"}, "s": {"S": "a"}, "v": {"B": ""}, "n": {"N": "-1.5"}}),
        json!({"p": {"N": "1"}, "s": {"S": "a"}, "v": {"B": ""}, "n": {"N": "1"}}),
    ] {
        let body = json!({"Item": found, "Items": [found], "LastEvaluatedKey": found});
        proxy.always(Fault::Answer(200, body.to_string()));
        let error = table.get(&item("a", "").key).await.unwrap_err();
        assert!(matches!(error, TableError::Unavailable(_)), "{error:?}");
        let page = Page::first(1);
        let error = table.query("faults", &SortRange::All, &page).await;
        assert!(matches!(error, Err(TableError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_lost_acknowledgement_of_a_conditional_write_is_no_refusal() {
    let Some((proxy, table)) = real().await else {
        return;
    };
    proxy.next([Fault::LoseAnswer]);
    let mine = item("lost", "mine");
    let error = table.put(mine.clone(), Condition::NotExists).await;
    assert!(matches!(error, Err(TableError::Unavailable(_))));
    assert_eq!(proxy.seen(), ["PutItem"], "asked for once");
    // Whoever repeats it finds what they wrote.
    match table.put(mine.clone(), Condition::NotExists).await {
        Err(TableError::ConditionFailed {
            current: Some(current),
            ..
        }) => assert_eq!(current.value, mine.value),
        other => panic!("{other:?}"),
    }
    // Others may write in between: that is not taken for a refusal either.
    let version = table.get(&mine.key).await.unwrap().unwrap().version;
    proxy.next([Fault::LoseAnswer]);
    let error = table.delete(&mine.key, Condition::VersionIs(version)).await;
    assert!(matches!(error, Err(TableError::Unavailable(_))));
    assert_eq!(proxy.seen(), ["DeleteItem"], "asked for once");
    assert_eq!(table.get(&mine.key).await.unwrap(), None);
}

#[tokio::test]
async fn a_lost_acknowledgement_of_a_transaction_is_repeated_and_done_once() {
    let Some((proxy, table)) = real().await else {
        return;
    };
    proxy.next([Fault::LoseAnswer]);
    let writes = vec![
        put("t-a", Condition::NotExists),
        put("t-b", Condition::NotExists),
    ];
    table.transact(writes.clone()).await.unwrap();
    assert_eq!(proxy.seen(), ["TransactWriteItems", "TransactWriteItems"]);
    let again = table.transact(writes).await;
    assert!(
        matches!(again, Err(TableError::ConditionFailed { at: 0, .. })),
        "another call is another transaction: {again:?}"
    );
}

#[tokio::test]
async fn what_passes_is_repeated_and_nothing_is_lost() {
    let Some((proxy, table)) = real().await else {
        return;
    };
    let busy = || Fault::error(400, "ProvisionedThroughputExceededException");
    proxy.next([busy(), Fault::error(500, "InternalServerError")]);
    table.put(item("busy", "1"), Condition::None).await.unwrap();
    assert_eq!(proxy.seen().len(), 3);
    proxy.next([Fault::LoseAnswer]);
    table.put(item("busy", "2"), Condition::None).await.unwrap();
    proxy.next([busy(), busy()]);
    let put = table.put(item("busy", "3"), Condition::Exists).await;
    put.unwrap();
    assert_eq!(proxy.seen().len(), 3, "nothing was done, so it is repeated");
    proxy.next([busy(), busy(), Fault::Silence]);
    let version = patiently(|| table.put(item("busy", "3"), Condition::Exists)).await;
    let stored = table.get(&item("busy", "").key).await.unwrap().unwrap();
    assert_eq!(
        (stored.value, stored.version),
        (b"3".to_vec(), version.unwrap())
    );
}

#[tokio::test]
async fn what_a_batch_did_not_process_comes_back() {
    let Some((proxy, table)) = real().await else {
        return;
    };
    let puts = |from: usize| -> Vec<BatchWrite> {
        (from..from + 25)
            .map(|n| BatchWrite::Put(item(&format!("batch-{n:03}"), &n.to_string())))
            .collect()
    };
    proxy.next([Fault::Half]);
    let mut left = table.write_batch(puts(0)).await.unwrap();
    left.sort_by(|a, b| a.key().cmp(b.key()));
    assert_eq!(left, puts(0).split_off(12));
    proxy.always(Fault::Half);
    let all: Vec<BatchWrite> = [puts(0), puts(25), puts(50)].concat();
    let keys: Vec<Key> = all.iter().map(|write| write.key().clone()).collect();
    write_all(&table, all).await.unwrap();
    // Half of a read, and half of the rest, and so on.
    let mut found = table.get_many(&keys).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    let values: Vec<Vec<u8>> = found.into_iter().map(|item| item.value).collect();
    let wanted: Vec<Vec<u8>> = (0..75).map(|n| n.to_string().into_bytes()).collect();
    assert_eq!(values, wanted);
}

#[tokio::test]
async fn a_read_that_makes_no_progress_ends() {
    let proxy = Proxy::before(None).await;
    let (table, name) = behind(&proxy).await;
    let keys = json!({"Keys": [{"p": {"S": "faults"}, "s": {"S": "a"}}], "ConsistentRead": true});
    let body = json!({"Responses": {}, "UnprocessedKeys": {name: keys}});
    proxy.always(Fault::Answer(200, body.to_string()));
    let error = table.get_many(&[item("a", "").key]).await;
    assert!(matches!(error, Err(TableError::Throttled)), "{error:?}");
    assert!((2..20).contains(&proxy.seen().len()));
}

#[tokio::test]
async fn a_wrapped_key_opens_under_its_own_name_alone() {
    let Some(endpoint) = endpoint(Which::First) else {
        return;
    };
    let proxy = Proxy::before(Some(&endpoint)).await;
    let (settings, direct) = clients(&endpoint).await;
    provision::create_table(&direct, &settings.table)
        .await
        .unwrap();
    let wrapping = provision::create_key(&direct).await.unwrap();
    let (_, through) = clients(&proxy.endpoint).await;
    let table: Arc<dyn Table> = Arc::new(AwsTable::new(
        direct.table.clone(),
        &settings.table,
        Arc::new(SystemClock),
    ));
    let open = |key: &str| AwsKeys::new(through.keys.clone(), key, Arc::clone(&table));
    let keys = open(&wrapping);
    let public = keys.signing_key("tokens").await.unwrap().public();
    assert_eq!(proxy.seen(), ["Encrypt", "Decrypt"]);
    let signer = keys.signing_key("tokens").await.unwrap();
    assert_ne!(signer.sign(b"message"), [0; 64]);
    assert_eq!(proxy.seen().len(), 2, "KMS signs nothing");
    // Another process.
    let again = open(&wrapping).signing_key("tokens").await.unwrap();
    assert_eq!(again.public(), public);
    keys.mac_key("tokens").await.unwrap();

    let stored = |sort: &str| Key::new("global/keys", sort);
    let wrapped = table.get(&stored("signing/tokens")).await.unwrap().unwrap();
    assert!(wrapped.value.len() > 33);
    let mut values = vec![vec![], vec![1], vec![2, 0, 0], wrapped.value.clone()];
    // Of another purpose.
    let other = table.get(&stored("mac/tokens")).await.unwrap().unwrap();
    values.push(other.value);
    let mut bent = wrapped.value.clone();
    *bent.last_mut().unwrap() ^= 1;
    values.push(bent);
    for value in values {
        let moved = Item::new(stored("signing/moved"), value.clone());
        table.put(moved, Condition::None).await.unwrap();
        let error = open(&wrapping).signing_key("moved").await.unwrap_err();
        assert!(
            matches!(error, KeyError::Damaged(_)),
            "{value:?}: {error:?}"
        );
    }
    // What KMS says of a ciphertext of another key: the servers here do not compare the two.
    proxy.next([Fault::error(400, "IncorrectKeyException")]);
    let error = open(&wrapping).signing_key("tokens").await.unwrap_err();
    assert!(matches!(error, KeyError::Damaged(_)), "{error:?}");

    for code in ["ThrottlingException", "KMSInvalidStateException"] {
        proxy.always(Fault::error(400, code));
        for name in ["tokens", "new"] {
            let error = open(&wrapping).signing_key(name).await.unwrap_err();
            assert!(
                matches!(error, KeyError::Unavailable(_)),
                "{code}: {error:?}"
            );
        }
    }
    assert_eq!(table.get(&stored("signing/new")).await.unwrap(), None);
    // Known keys need no KMS.
    assert_eq!(keys.signing_key("tokens").await.unwrap().public(), public);
}
