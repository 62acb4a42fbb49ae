//! The audit log: one chain whoever writes, and every change to it is seen.

use std::sync::Arc;

use platform::{
    Condition, Embedded, Item, Key, ManualClock, Platform,
    weather::{Forecast, Weather},
};
use records::{
    AuditLog,
    audit::{NewEntry, Wanted},
};
use schemas::{
    TenantId,
    api::audit::{AuditActor, AuditActorKind, AuditOrigin, AuditOutcome, AuditTarget},
};
use serde_json::{Value, json};

use crate::support::{store, tenant};

pub(crate) fn entry(operation: &str, by: &str, to: &str) -> NewEntry {
    NewEntry {
        actor: AuditActor {
            kind: AuditActorKind::Person,
            id: by.to_owned(),
            name: None,
            roles: vec!["admin".to_owned()],
        },
        operation: operation.to_owned(),
        outcome: AuditOutcome::Done,
        count: 1,
        target: Some(AuditTarget {
            kind: "thing".to_owned(),
            id: to.to_owned(),
        }),
        origin: AuditOrigin::default(),
        before: None,
        after: Some(json!({"score": 9.8, "name": "ünï"})),
    }
}

fn key(seq: u64) -> Key {
    Key::new("t/acme/audit", format!("{seq:016}"))
}

async fn stored(platform: &Platform, seq: u64) -> Value {
    let item = platform.table.get(&key(seq)).await.unwrap().unwrap();
    serde_json::from_slice(&item.value).unwrap()
}

async fn replace(platform: &Platform, seq: u64, entry: &Value) {
    let item = Item::new(key(seq), entry.to_string());
    platform.table.put(item, Condition::None).await.unwrap();
}

/// The number and reason of the first break.
async fn broken(platform: &Platform) -> Option<(u64, String)> {
    let log = AuditLog::new(platform.clone());
    let found = log.verify(&tenant(), None, 1000).await.unwrap();
    found.broken.map(|broken| (broken.seq, broken.reason))
}

async fn ten(platform: &Platform) -> AuditLog {
    let log = AuditLog::new(platform.clone());
    for at in 1..=10 {
        let entry = entry("do", "ann", &format!("thing-{at}"));
        log.append(&tenant(), entry).await.unwrap();
    }
    log
}

#[tokio::test]
async fn several_processes_write_one_chain_in_any_weather() {
    let (platform, _folder) = store();
    let stormy = Weather::over(platform.clone(), Forecast::storm(7));
    let logs: Vec<_> = (0..3)
        .map(|_| Arc::new(AuditLog::new(stormy.clone())))
        .collect();
    let writers = (0..30).map(|at| {
        let log = Arc::clone(&logs[at % 3]);
        let by = format!("writer-{at}");
        tokio::spawn(async move { log.append(&tenant(), entry("do", &by, "x")).await })
    });
    let mut numbers = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        numbers.push(writer.await.unwrap().unwrap().seq);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=30).collect::<Vec<u64>>());
    let log = AuditLog::new(stormy);
    let found = log.verify(&tenant(), None, 1000).await.unwrap();
    assert_eq!((found.entries, found.broken), (30, None));
}

#[tokio::test]
async fn the_first_change_is_named() {
    let (platform, _folder) = store();
    let log = ten(&platform).await;
    assert_eq!(broken(&platform).await, None);

    let fifth = stored(&platform, 5).await;
    let mut changed = fifth.clone();
    changed["actor"]["id"] = "bob".into();
    replace(&platform, 5, &changed).await;
    let (seq, reason) = broken(&platform).await.unwrap();
    assert_eq!(seq, 5);
    assert!(reason.contains("changed"), "{reason}");

    // What an earlier release, or a later one, does not know is hashed with the rest.
    let mut more = fifth.clone();
    more["more"] = "x".into();
    replace(&platform, 5, &more).await;
    assert_eq!(broken(&platform).await.unwrap().0, 5);

    // Another entry with a hash of its own.
    let theirs: TenantId = "other".parse().unwrap();
    let other = log.append(&theirs, entry("do", "eve", "x")).await.unwrap();
    let mut other = serde_json::to_value(other).unwrap();
    replace(&platform, 5, &other).await;
    assert_eq!(broken(&platform).await.unwrap().0, 5);
    other["seq"] = 5.into();
    replace(&platform, 5, &other).await;
    assert_eq!(broken(&platform).await.unwrap().0, 5);

    replace(&platform, 5, &fifth).await;
    assert_eq!(broken(&platform).await, None, "as it was");
    let seventh = key(7);
    let removed = platform.table.delete(&seventh, Condition::None);
    removed.await.unwrap();
    let (seq, reason) = broken(&platform).await.unwrap();
    assert_eq!(seq, 7);
    assert!(reason.contains("missing"), "{reason}");
}

#[tokio::test]
async fn a_log_is_not_another_tenant_s() {
    let (platform, _folder) = store();
    let log = AuditLog::new(platform.clone());
    let other: TenantId = "other".parse().unwrap();
    log.append(&other, entry("do", "eve", "x")).await.unwrap();
    let stolen = Key::new("t/other/audit", "0000000000000001");
    let stolen = platform.table.get(&stolen).await.unwrap().unwrap();
    let item = Item::new(key(1), stolen.value);
    platform.table.put(item, Condition::None).await.unwrap();
    assert_eq!(broken(&platform).await.unwrap().0, 1);
}

#[tokio::test]
async fn verification_goes_on_where_it_ended() {
    let (platform, _folder) = store();
    let log = ten(&platform).await;
    let first = log.verify(&tenant(), None, 4).await.unwrap();
    assert!(first.more);
    assert_eq!((first.entries, first.first_seq), (4, Some(1)));
    let rest = log.verify(&tenant(), first.last, 100).await.unwrap();
    assert!(!rest.more);
    assert_eq!((rest.entries, rest.first_seq), (6, Some(5)));
    assert_eq!(rest.last.unwrap().0, 10);
}

#[tokio::test]
async fn entries_are_found_by_who_what_and_when_the_latest_first() {
    let (platform, _folder) = store();
    let log = ten(&platform).await;
    let wanted = Wanted {
        target: Some("thing-3".to_owned()),
        ..Wanted::default()
    };
    let (found, next) = log.list(&tenant(), &wanted, 10, None).await.unwrap();
    assert_eq!(found.iter().map(|e| e.seq).collect::<Vec<_>>(), [3]);
    assert_eq!(next, None);
    let wanted = Wanted {
        actor: Some("bob".to_owned()),
        ..Wanted::default()
    };
    let found = log.list(&tenant(), &wanted, 10, None).await.unwrap();
    assert_eq!(found, (Vec::new(), None));

    let (mut all, mut below) = (Vec::new(), None);
    loop {
        let (page, next) = log
            .list(&tenant(), &Wanted::default(), 3, below)
            .await
            .unwrap();
        all.extend(page.iter().map(|e| e.seq));
        below = next;
        if below.is_none() {
            break;
        }
    }
    assert_eq!(all, (1..=10).rev().collect::<Vec<u64>>());
}

#[tokio::test]
async fn entries_are_kept_for_more_than_a_year_and_the_rest_of_the_chain_holds() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_780_000_000_000));
    let platform = Embedded::open(folder.path(), Arc::<ManualClock>::clone(&clock)).unwrap();
    let log = ten(&platform).await;
    let day_ms = 24 * 60 * 60 * 1000;
    clock.advance_ms(370 * day_ms);
    log.append(&tenant(), entry("do", "ann", "x"))
        .await
        .unwrap();
    let count = async || {
        let found = AuditLog::new(platform.clone());
        let found = found.verify(&tenant(), None, 1000).await.unwrap();
        (found.entries, found.first_seq, found.broken)
    };
    assert_eq!(count().await, (11, Some(1), None));
    clock.advance_ms(35 * day_ms);
    assert_eq!(count().await, (1, Some(11), None));
    let next = log.append(&tenant(), entry("do", "ann", "x")).await;
    assert_eq!(next.unwrap().seq, 12);
}

#[tokio::test]
async fn refusals_are_gathered_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_780_000_000_000));
    let platform = Embedded::open(folder.path(), Arc::<ManualClock>::clone(&clock)).unwrap();
    let log = AuditLog::new(platform);
    let told = async || {
        log.tell_refusals(&tenant()).await.unwrap();
        let (found, _) = log
            .list(&tenant(), &Wanted::default(), 100, None)
            .await
            .unwrap();
        found
            .iter()
            .map(|e| (e.operation.clone(), e.outcome, e.count))
            .collect::<Vec<_>>()
    };
    for _ in 0..50 {
        let entry = entry("create_session", "anonymous", "ann");
        log.refused(&tenant(), entry).await.unwrap();
    }
    assert_eq!(told().await.len(), 1, "the first is told at once");
    clock.advance_ms(601_000);
    let all = told().await;
    assert_eq!(all.iter().map(|(_, _, count)| count).sum::<u64>(), 50);
    assert_eq!(all.len(), 2);
    let entry = entry("create_session", "anonymous", "ann");
    log.refused(&tenant(), entry).await.unwrap();
    let all = told().await;
    assert_eq!(all.iter().map(|(_, _, count)| count).sum::<u64>(), 51);
    assert!(
        all.iter()
            .all(|(_, outcome, _)| *outcome == AuditOutcome::Refused)
    );
}

#[tokio::test]
async fn an_export_holds_in_either_order_and_its_first_break_is_told() {
    use records::audit::Exported;
    let (platform, _folder) = store();
    let log = AuditLog::new(platform);
    for n in 0..6 {
        let entry = entry("do", "ann", &format!("x-{n}"));
        log.append(&tenant(), entry).await.unwrap();
    }
    let (mut entries, _) = log
        .list(&tenant(), &Wanted::default(), 100, None)
        .await
        .unwrap();
    entries.reverse();
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap())
        .collect();
    let verify = |of: &[Value]| {
        let orders = [of.to_vec(), of.iter().rev().cloned().collect()];
        let mut found = orders.map(|order: Vec<Value>| {
            let mut exported = Exported::of(tenant());
            order.iter().for_each(|entry| exported.meet(entry));
            let found = exported.end();
            let broken = found.broken.map(|broken| (broken.seq, broken.reason));
            (found.entries, found.first_seq, found.last, broken)
        });
        // Both orders find the same.
        assert_eq!(found[0], found[1]);
        std::mem::take(&mut found[0])
    };
    let whole = verify(&entries);
    assert_eq!((whole.0, whole.1, whole.3), (6, Some(1), None));
    assert_eq!(
        serde_json::to_value(whole.2.unwrap().1).unwrap(),
        entries[5]["hash"]
    );
    // A part of it holds, too.
    assert_eq!(verify(&entries[2..4]).3, None);
    let broken = |of: &[Value]| {
        let (entries, _, _, broken) = verify(of);
        let (seq, reason) = broken.unwrap();
        (entries, seq, reason)
    };
    let mut changed = entries.clone();
    changed[3]["actor"]["id"] = "bob".into();
    let (held, seq, reason) = broken(&changed);
    assert_eq!((held, seq), (3, 4));
    assert!(reason.contains("changed"), "{reason}");
    let mut missing = entries.clone();
    missing.remove(2);
    missing.remove(3);
    let (held, seq, reason) = broken(&missing);
    assert_eq!((held, seq), (2, 3));
    assert!(reason.contains("missing"), "{reason}");
    // An entry that was made up and hashed anew does not follow, and of another tenant it does not begin so.
    let mut exported = Exported::of("other".parse().unwrap());
    entries.iter().for_each(|entry| exported.meet(entry));
    assert_eq!(exported.end().broken.unwrap().seq, 1);
    let mut odd = Exported::of(tenant());
    for entry in [
        Value::Null,
        serde_json::json!([]),
        serde_json::json!({"seq": 1}),
    ] {
        odd.meet(&entry);
    }
    assert!(odd.end().broken.is_some());
}
