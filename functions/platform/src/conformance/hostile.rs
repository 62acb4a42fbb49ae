//! What holds in any weather, for callers which do as the ports say: repeat what may pass, make writes
//! conditional, read by key before deciding, treat the same message twice as one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::{Failure, Subject, Verdict, check_list, ensure, ensure_eq};
use crate::patience::{patiently, send_all, write_all};
use crate::ports::{
    BatchWrite, BlobCondition, BlobError, Condition, Index, Item, Key, Message, Page, PutOptions,
    Receive, SortRange, TableError, Write,
};

check_list!("hostile", true:
    concurrent_changes_are_all_kept,
    a_lost_acknowledgement_is_recognised,
    transactions_stay_whole,
    the_newest_sequence_wins,
    every_write_of_a_batch_arrives,
    pages_show_each_item_once,
    an_index_shows_everything_in_the_end,
    every_message_has_its_effect_once,
    a_blob_is_never_a_mixture,
);

/// Reads one item in spite of the weather.
async fn read(subject: &Subject, key: &Key) -> Result<Option<Item>, Failure> {
    Ok(patiently(|| subject.platform.table.get(key)).await?)
}

/// Adds a word to the list which an item holds, as often as it takes.
async fn add_word(subject: &Subject, key: &Key, word: &str) -> Verdict {
    for _ in 0..2000 {
        let stored = read(subject, key).await?;
        let mut words = match &stored {
            Some(item) => String::from_utf8_lossy(&item.value).into_owned(),
            None => String::new(),
        };
        // Written already, by an attempt whose acknowledgement was lost.
        if words.split(' ').any(|known| known == word) {
            return Ok(());
        }
        words = format!("{words} {word}");
        let condition = stored.map_or(Condition::NotExists, |i| Condition::VersionIs(i.version));
        match subject
            .platform
            .table
            .put(Item::new(key.clone(), words), condition)
            .await
        {
            Ok(_) => return Ok(()),
            Err(TableError::ConditionFailed { .. }) => {}
            Err(error) if error.is_transient() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure(format!("{word} could not be added")))
}

async fn concurrent_changes_are_all_kept(subject: &Subject) -> Verdict {
    let key = Key::new(subject.name("words"), "a");
    let words: Vec<String> = (0..24).map(|n| format!("w{n:02}")).collect();
    let added = words.iter().map(|word| add_word(subject, &key, word));
    futures::future::try_join_all(added).await?;
    let stored = read(subject, &key)
        .await?
        .map(|item| item.value)
        .unwrap_or_default();
    let mut kept: Vec<&str> = std::str::from_utf8(&stored)?.split_whitespace().collect();
    kept.sort_unstable();
    ensure_eq!(kept, words, "the words that are kept");
    Ok(())
}

async fn a_lost_acknowledgement_is_recognised(subject: &Subject) -> Verdict {
    for n in 0..20 {
        let item = Item::new(
            Key::new(subject.name("lost"), n.to_string()),
            format!("mine {n}"),
        );
        let put = patiently(|| {
            subject
                .platform
                .table
                .put(item.clone(), Condition::NotExists)
        })
        .await;
        match put {
            Ok(_) => {}
            Err(TableError::ConditionFailed {
                current: Some(current),
                ..
            }) => {
                ensure_eq!(current.value, item.value, "what is stored instead");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn transactions_stay_whole(subject: &Subject) -> Verdict {
    let partition = subject.name("whole");
    let keys = ["a", "b", "c"].map(|sort| Key::new(partition.clone(), sort));
    let one = |writer: u32| {
        let writes: Vec<Write> = keys
            .iter()
            .map(|key| Write::Put {
                item: Item::new(key.clone(), writer.to_string()),
                condition: Condition::None,
            })
            .collect();
        async move { patiently(|| subject.platform.table.transact(writes.clone())).await }
    };
    for round in 0..10 {
        futures::future::try_join_all((0..4).map(|n| one(round * 4 + n))).await?;
        let mut values = BTreeSet::new();
        for key in &keys {
            values.insert(read(subject, key).await?.map(|item| item.value));
        }
        ensure_eq!(
            values.len(),
            1,
            "values of items that are always written together"
        );
        ensure!(!values.contains(&None), "nothing was written");
    }
    Ok(())
}

async fn the_newest_sequence_wins(subject: &Subject) -> Verdict {
    let key = Key::new(subject.name("newest"), "a");
    let one = |sequence: u64| {
        let item = Item::new(key.clone(), sequence.to_string()).with_sequence(sequence);
        async move {
            let condition = Condition::SequenceBelow(sequence);
            match patiently(|| subject.platform.table.put(item.clone(), condition)).await {
                Ok(_) | Err(TableError::ConditionFailed { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        }
    };
    // In no order, and each of them twice.
    let sequences = (0..60_u64).map(|n| n * 37 % 30);
    futures::future::try_join_all(sequences.map(one)).await?;
    let value = read(subject, &key).await?.map(|item| item.value);
    ensure_eq!(value, Some(b"29".to_vec()), "what stays");
    Ok(())
}

async fn every_write_of_a_batch_arrives(subject: &Subject) -> Verdict {
    let key = |n: usize| Key::new(subject.name("all-batches"), format!("{n:03}"));
    let puts = (0..120)
        .map(|n| BatchWrite::Put(Item::new(key(n), "1")))
        .collect();
    write_all(&*subject.platform.table, puts).await?;
    let deletes = (0..20).map(|n| BatchWrite::Delete(key(n))).collect();
    write_all(&*subject.platform.table, deletes).await?;
    for n in 0..120 {
        let there = read(subject, &key(n)).await?.is_some();
        ensure_eq!(there, n >= 20, "whether item {n} is there");
    }
    Ok(())
}

async fn pages_show_each_item_once(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let partition = subject.name("all-pages");
    let puts = (0..60)
        .map(|n| {
            BatchWrite::Put(Item::new(
                Key::new(partition.clone(), format!("{n:03}")),
                "1",
            ))
        })
        .collect();
    write_all(&**table, puts).await?;
    for descending in [false, true] {
        let (mut seen, mut page) = (
            Vec::new(),
            Page {
                limit: 7,
                cursor: None,
                descending,
            },
        );
        loop {
            let got = patiently(|| table.query(&partition, &SortRange::All, &page)).await?;
            seen.extend(got.items.into_iter().map(|item| item.key.sort));
            page.cursor = got.next;
            if page.cursor.is_none() {
                break;
            }
        }
        if descending {
            seen.reverse();
        }
        let all: Vec<String> = (0..60).map(|n| format!("{n:03}")).collect();
        ensure_eq!(seen, all, "items of all pages, descending {descending}");
    }
    Ok(())
}

async fn an_index_shows_everything_in_the_end(subject: &Subject) -> Verdict {
    let table = &subject.platform.table;
    let place = subject.name("in-the-end");
    let key = |n: usize| Key::new(subject.name("index-item"), format!("{n:02}"));
    for state in 0..3 {
        for n in 0..12 {
            let item = Item::new(key(n), state.to_string());
            // The last state takes half of them out of the index.
            let item = if state == 2 && n % 2 == 1 {
                item
            } else {
                item.with_index(Index::Three, place.clone(), format!("{n:02}"))
            };
            patiently(|| table.put(item.clone(), Condition::None)).await?;
        }
    }
    let wanted: BTreeMap<Key, Vec<u8>> = (0..12)
        .step_by(2)
        .map(|n| (key(n), b"2".to_vec()))
        .collect();
    let mut seen = BTreeMap::new();
    for _ in 0..300 {
        seen.clear();
        let mut page = Page::first(5);
        loop {
            let got = patiently(|| table.query_index(Index::Three, &place, &SortRange::All, &page))
                .await?;
            seen.extend(got.items.into_iter().map(|item| (item.key, item.value)));
            page.cursor = got.next;
            if page.cursor.is_none() {
                break;
            }
        }
        if seen == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ensure_eq!(seen, wanted, "what the index shows in the end");
    Ok(())
}

async fn every_message_has_its_effect_once(subject: &Subject) -> Verdict {
    let (queue, platform) = (subject.name("once"), &subject.platform);
    let messages = (0..80)
        .map(|n| Message::new(format!("m{n:02}"), n.to_string()))
        .collect();
    send_all(&*platform.queue, &queue, messages).await?;
    let how = Receive {
        max_receives: 1000,
        visibility_timeout_s: 30,
        ..Receive::default()
    };
    let effects = subject.name("effect");
    let mut total = 0;
    let mut quiet = 0;
    let mut deliveries = 0;
    while quiet < 6 {
        let received = patiently(|| platform.queue.receive(&queue, how)).await?;
        if received.is_empty() {
            quiet += 1;
            (subject.pass_s)(31).await;
        } else {
            quiet = 0;
        }
        for delivery in received {
            deliveries += 1;
            ensure!(deliveries < 5000, "the same messages over and over");
            // The effect, and the sign that it was had, by the id of the message; then the ack.
            let sign = Item::new(Key::new(effects.clone(), &delivery.message.id), "done");
            match patiently(|| platform.table.put(sign.clone(), Condition::NotExists)).await {
                Ok(_) | Err(TableError::ConditionFailed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // An acknowledgement that fails only means that the message comes again.
            let _ = platform.queue.ack(&delivery).await;
        }
    }
    let mut page = Page::first(100);
    loop {
        let got = patiently(|| platform.table.query(&effects, &SortRange::All, &page)).await?;
        total += got.items.len();
        page.cursor = got.next;
        if page.cursor.is_none() {
            break;
        }
    }
    ensure_eq!(total, 80, "effects");
    let dead = patiently(|| platform.queue.depth(&queue)).await?.dead;
    ensure_eq!(dead, 0, "dead letters");
    Ok(())
}

async fn a_blob_is_never_a_mixture(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("mixture")?;
    let body = |writer: u8| Bytes::from(vec![writer; 300_000 + usize::from(writer)]);
    let write = |writer: u8| {
        let path = path.clone();
        async move { patiently(|| blobs.put(&path, body(writer).into(), PutOptions::default())).await }
    };
    for _ in 0..3 {
        let writers = futures::future::try_join_all((1..5).map(write));
        let readers = async {
            for _ in 0..10 {
                let read =
                    patiently(|| async { blobs.get(&path).await?.body.collect(1_000_000).await })
                        .await;
                match read {
                    Ok(bytes) => {
                        let writer = bytes.first().copied().unwrap_or_default();
                        ensure!(bytes == body(writer), "a mixture of {} bytes", bytes.len());
                    }
                    Err(BlobError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        };
        let (wrote, read) = futures::join!(writers, readers);
        wrote?;
        read?;
    }
    let once = subject.path("mixture-once")?;
    let mut won = 0;
    for writer in 1..6 {
        let options = PutOptions {
            condition: BlobCondition::IfNotExists,
            ..PutOptions::default()
        };
        match patiently(|| blobs.put(&once, body(writer).into(), options.clone())).await {
            Ok(_) => won += 1,
            Err(BlobError::ConditionFailed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    ensure!(won <= 1, "{won} of them were first");
    let first =
        patiently(|| async { blobs.get(&once).await?.body.collect(1_000_000).await }).await?;
    ensure_eq!(first.first(), Some(&1), "who was first");
    Ok(())
}
