//! What is promised of single items, conditions, transactions and batches.

use super::{Subject, Verdict, check_list, ensure, ensure_eq, ensure_err};
use crate::ports::table::{ITEM_OVERHEAD_BYTES, MAX_ITEM_BYTES};
use crate::ports::{BatchWrite, Condition, Index, Item, Key, TableError, Write};

check_list!("table", false:
    an_item_comes_back_as_it_was_put,
    every_write_has_a_version_of_its_own,
    a_mark_changes_with_every_write,
    conditions_hold_exactly,
    a_sequence_never_goes_back,
    an_expired_item_is_absent,
    a_transaction_is_all_or_nothing,
    a_transaction_has_limits,
    items_have_limits,
    many_are_read_at_once,
    a_batch_is_done_or_returned,
);

fn put(item: Item, condition: Condition) -> Write {
    Write::Put { item, condition }
}

async fn an_item_comes_back_as_it_was_put(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let key = Key::new(subject.name("put"), "sort \u{1F980} \u{0} key");
    ensure_eq!(table.get(&key).await?, None, "before the put");
    let mut item = Item::new(key.clone(), vec![0, 255, 1])
        .with_sequence(u64::MAX)
        .with_index(Index::One, subject.name("put-index"), "1")
        .with_index(Index::Three, subject.name("put-index"), "3")
        .with_expiry(u64::from(u32::MAX) * 4);
    item.version = table.put(item.clone(), Condition::None).await?;
    ensure_eq!(table.get(&key).await?, Some(item), "after the put");
    let mut plain = Item::new(key.clone(), vec![]);
    plain.version = table.put(plain.clone(), Condition::None).await?;
    ensure_eq!(table.get(&key).await?, Some(plain), "replaced wholly");
    table.delete(&key, Condition::None).await?;
    ensure_eq!(table.get(&key).await?, None, "after the delete");
    table.delete(&key, Condition::None).await?;
    Ok(())
}

async fn every_write_has_a_version_of_its_own(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let item = Item::new(Key::new(subject.name("version"), "a"), "same");
    let one = table.put(item.clone(), Condition::None).await?;
    let two = table.put(item.clone(), Condition::None).await?;
    ensure!(one != two, "the same version twice");
    table.delete(&item.key, Condition::None).await?;
    let three = table.put(item.clone(), Condition::None).await?;
    ensure!(three != one && three != two, "a version came back");
    table
        .transact(vec![put(item.clone(), Condition::VersionIs(three))])
        .await?;
    let four = table.get(&item.key).await?.map(|item| item.version);
    ensure!(four != Some(three), "a transaction kept the version");
    Ok(())
}

async fn a_mark_changes_with_every_write(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let item = Item::new(Key::new(subject.name("mark"), "a"), "same");
    let mark = || table.mark(&item.key.partition);
    let mut before = mark();
    let mut changed = |what: &str| {
        let now = mark();
        let is_new = now != before || now.is_none();
        before = now;
        ensure!(is_new, "{what} left the mark as it was");
        Ok(())
    };
    table.put(item.clone(), Condition::None).await?;
    changed("a put")?;
    table
        .transact(vec![put(item.clone(), Condition::Exists)])
        .await?;
    changed("a transaction")?;
    let mut left = vec![BatchWrite::Put(item.clone())];
    while !left.is_empty() {
        left = table.write_batch(left).await?;
    }
    changed("a batch")?;
    table.delete(&item.key, Condition::None).await?;
    changed("a delete")?;
    Ok(())
}

async fn conditions_hold_exactly(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let item = Item::new(Key::new(subject.name("conditions"), "a"), "1");
    for absent in [Condition::Exists, Condition::VersionIs(0)] {
        ensure_err!(
            table.put(item.clone(), absent).await,
            TableError::ConditionFailed {
                at: 0,
                current: None
            },
            "{absent:?} of an absent item"
        );
        ensure_err!(
            table.delete(&item.key, absent).await,
            TableError::ConditionFailed { .. },
            "delete, {absent:?} of an absent item"
        );
    }
    let version = table.put(item.clone(), Condition::NotExists).await?;
    match table
        .put(Item::new(item.key.clone(), "2"), Condition::NotExists)
        .await
    {
        Err(TableError::ConditionFailed {
            current: Some(current),
            ..
        }) => {
            ensure_eq!(current.value, b"1", "the state that is shown");
            ensure_eq!(current.version, version, "the version that is shown");
        }
        other => ensure!(false, "a second NotExists: {other:?}"),
    }
    ensure_err!(
        table
            .put(item.clone(), Condition::VersionIs(version ^ 1))
            .await,
        TableError::ConditionFailed { .. },
        "another version"
    );
    let version = table
        .put(item.clone(), Condition::VersionIs(version))
        .await?;
    table.put(item.clone(), Condition::Exists).await?;
    ensure_err!(
        table.delete(&item.key, Condition::VersionIs(version)).await,
        TableError::ConditionFailed { .. },
        "delete of a former version"
    );
    ensure!(
        table.get(&item.key).await?.is_some(),
        "a refused delete deleted"
    );
    table.delete(&item.key, Condition::Exists).await?;
    Ok(())
}

async fn a_sequence_never_goes_back(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let key = Key::new(subject.name("sequence"), "a");
    let at = |sequence: u64| Item::new(key.clone(), sequence.to_string()).with_sequence(sequence);
    let mut refused = 0;
    for sequence in [5, 3, 5, u64::MAX - 1, 7, u64::MAX] {
        match table
            .put(at(sequence), Condition::SequenceBelow(sequence))
            .await
        {
            Ok(_) => {}
            Err(TableError::ConditionFailed { .. }) => refused += 1,
            Err(error) => return Err(error.into()),
        }
    }
    ensure_eq!(refused, 3, "refused writes");
    let value = table.get(&key).await?.map(|item| item.value);
    ensure_eq!(value, Some(u64::MAX.to_string().into_bytes()), "what stays");
    table
        .put(Item::new(key.clone(), "none"), Condition::None)
        .await?;
    table.put(at(0), Condition::SequenceBelow(0)).await?;
    Ok(())
}

async fn an_expired_item_is_absent(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let key = Key::new(subject.name("expiry"), "a");
    let now_s = subject.platform.clock.now_s();
    let item = Item::new(key.clone(), "1")
        .with_sequence(9)
        .with_expiry(now_s + 3);
    let version = table.put(item.clone(), Condition::None).await?;
    ensure!(table.get(&key).await?.is_some(), "absent before its time");
    (subject.pass_s)(4).await;
    ensure_eq!(table.get(&key).await?, None, "after its time");
    ensure!(
        table.get_many(std::slice::from_ref(&key)).await?.is_empty(),
        "read with others"
    );
    for condition in [Condition::Exists, Condition::VersionIs(version)] {
        ensure_err!(
            table.put(item.clone(), condition).await,
            TableError::ConditionFailed { current: None, .. },
            "{condition:?} of an expired item"
        );
    }
    let check = Write::Check {
        key: key.clone(),
        condition: Condition::Exists,
    };
    ensure_err!(
        table.transact(vec![check]).await,
        TableError::ConditionFailed {
            at: 0,
            current: None
        },
        "a transaction that needs an expired item"
    );
    table
        .put(
            Item::new(key.clone(), "2").with_sequence(1),
            Condition::SequenceBelow(1),
        )
        .await?;
    ensure!(table.get(&key).await?.is_some(), "not replaced");
    for condition in [Condition::NotExists, Condition::None] {
        let short = item.clone().with_expiry(subject.platform.clock.now_s() + 3);
        table.put(short, Condition::None).await?;
        (subject.pass_s)(4).await;
        table.delete(&key, condition).await?;
    }
    let short = item.clone().with_expiry(subject.platform.clock.now_s() + 3);
    table.put(short, Condition::None).await?;
    (subject.pass_s)(4).await;
    table
        .put(Item::new(key.clone(), "3"), Condition::NotExists)
        .await?;
    ensure!(table.get(&key).await?.is_some(), "not made anew");
    Ok(())
}

async fn a_transaction_is_all_or_nothing(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let key = |sort: &str| Key::new(subject.name("transaction"), sort);
    table
        .put(Item::new(key("old"), "1"), Condition::None)
        .await?;
    let writes = |last: Condition| {
        vec![
            put(Item::new(key("a"), "1"), Condition::NotExists),
            Write::Delete {
                key: key("old"),
                condition: Condition::Exists,
            },
            Write::Check {
                key: key("absent"),
                condition: last,
            },
        ]
    };
    ensure_err!(
        table.transact(writes(Condition::Exists)).await,
        TableError::ConditionFailed { at: 2, .. },
        "a check that does not hold"
    );
    ensure_eq!(
        table.get(&key("a")).await?,
        None,
        "the put of a failed transaction"
    );
    ensure!(
        table.get(&key("old")).await?.is_some(),
        "deleted by a failed transaction"
    );
    table.transact(writes(Condition::NotExists)).await?;
    ensure!(
        table.get(&key("a")).await?.is_some(),
        "the put of a transaction"
    );
    ensure_eq!(
        table.get(&key("old")).await?,
        None,
        "the delete of a transaction"
    );
    match table.transact(writes(Condition::NotExists)).await {
        Err(TableError::ConditionFailed {
            at: 0,
            current: Some(current),
        }) => ensure_eq!(current.value, b"1", "what stands in the way"),
        other => ensure!(false, "the same transaction again: {other:?}"),
    }
    Ok(())
}

async fn a_transaction_has_limits(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let name = subject.name("transaction-limits");
    let write = |n: usize, size: usize| {
        put(
            Item::new(Key::new(name.clone(), format!("{n:03}")), vec![7; size]),
            Condition::None,
        )
    };
    table
        .transact((0..100).map(|n| write(n, 10)).collect())
        .await?;
    ensure!(
        table.get(&Key::new(name.clone(), "099")).await?.is_some(),
        "the last of a hundred"
    );
    ensure_err!(
        table
            .transact((0..101).map(|n| write(n, 10)).collect())
            .await,
        TableError::TooLarge { .. },
        "a hundred and one"
    );
    ensure_err!(
        table
            .transact((0..11).map(|n| write(n, 400_000)).collect())
            .await,
        TableError::TooLarge { .. },
        "over four mebibytes"
    );
    ensure_err!(
        table.transact(vec![write(1, 1), write(1, 1)]).await,
        TableError::Invalid(_),
        "one item twice"
    );
    table.transact(Vec::new()).await?;
    Ok(())
}

async fn items_have_limits(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let partition = subject.name("limits");
    let room = MAX_ITEM_BYTES - ITEM_OVERHEAD_BYTES - partition.len() - 1;
    let sized = |size| Item::new(Key::new(partition.clone(), "a"), vec![1; size]);
    table.put(sized(room), Condition::None).await?;
    let stored = table.get(&sized(0).key).await?.map(|item| item.value.len());
    ensure_eq!(stored, Some(room), "the largest item");
    ensure_err!(
        table.put(sized(room + 1), Condition::None).await,
        TableError::TooLarge { .. },
        "one byte more"
    );
    for (partition, sort) in [("", "a"), ("a", "")] {
        let key = Key::new(partition, sort);
        ensure_err!(
            table.get(&key).await,
            TableError::Invalid(_),
            "an empty key"
        );
        let put = table.put(Item::new(key, "1"), Condition::None).await;
        ensure_err!(put, TableError::Invalid(_), "an empty key");
    }
    for (partition, sort) in [(2049, 1), (1, 1025)] {
        let key = Key::new("k".repeat(partition), "k".repeat(sort));
        ensure_err!(
            table.get(&key).await,
            TableError::TooLarge { .. },
            "a long key"
        );
    }
    let longest = Key::new("k".repeat(2048), format!("{partition}{}", "s".repeat(900)));
    table
        .put(Item::new(longest.clone(), "1"), Condition::None)
        .await?;
    ensure!(table.get(&longest).await?.is_some(), "the longest key");
    table.delete(&longest, Condition::None).await?;
    let twice = Item::new(Key::new(partition.clone(), "b"), "1")
        .with_index(Index::One, "p", "1")
        .with_index(Index::One, "p", "2");
    ensure_err!(
        table.put(twice, Condition::None).await,
        TableError::Invalid(_),
        "twice in one index"
    );
    Ok(())
}

async fn many_are_read_at_once(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let key = |n: usize| Key::new(subject.name("many"), format!("{n:03}"));
    for n in (0..100).step_by(2) {
        table
            .put(Item::new(key(n), n.to_string()), Condition::None)
            .await?;
    }
    let keys: Vec<Key> = (0..100).map(key).collect();
    let mut found: Vec<Key> = table
        .get_many(&keys)
        .await?
        .into_iter()
        .map(|i| i.key)
        .collect();
    found.sort();
    let there: Vec<Key> = (0..100).step_by(2).map(key).collect();
    ensure_eq!(found, there, "those which are there");
    let more: Vec<Key> = (0..101).map(key).collect();
    ensure_err!(
        table.get_many(&more).await,
        TableError::TooLarge { .. },
        "a hundred and one"
    );
    ensure_err!(
        table.get_many(&[key(1), key(1)]).await,
        TableError::Invalid(_),
        "one twice"
    );
    ensure!(table.get_many(&[]).await?.is_empty(), "none");
    Ok(())
}

async fn a_batch_is_done_or_returned(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let key = |n: usize| Key::new(subject.name("batch"), format!("{n:03}"));
    let item = |n: usize| BatchWrite::Put(Item::new(key(n), "1"));
    let mut left: Vec<BatchWrite> = (0..25).map(item).collect();
    while !left.is_empty() {
        left = table.write_batch(left).await?;
    }
    let mut left: Vec<BatchWrite> = (0..5).map(|n| BatchWrite::Delete(key(n))).collect();
    while !left.is_empty() {
        left = table.write_batch(left).await?;
    }
    let keys: Vec<Key> = (0..25).map(key).collect();
    ensure_eq!(table.get_many(&keys).await?.len(), 20, "what is there");
    ensure_err!(
        table.write_batch((0..26).map(item).collect()).await,
        TableError::TooLarge { .. },
        "twenty-six"
    );
    ensure_err!(
        table
            .write_batch(vec![item(1), BatchWrite::Delete(key(1))])
            .await,
        TableError::Invalid(_),
        "one item twice"
    );
    Ok(())
}
