//! How an estate stands is kept day by day, and since when each finding is there is lost by no fold.

use std::sync::Arc;

use handlers::Limits;
use platform::{Clock as _, ManualClock};
use records::{Estates, PostureDays};
use schemas::{Timestamp, posture::Posture};

use crate::{
    exceptions::tick,
    support::{T0, World, host, tracker},
};

const HOUR_MS: u64 = 3_600_000;

fn now(clock: &ManualClock) -> Timestamp {
    Timestamp::from_ms(i64::try_from(clock.now_ms()).unwrap())
}

async fn on(world: &World, at: Timestamp) -> Option<Posture> {
    let day = PostureDays(&world.calm).on(&world.tenant, at).await;
    day.unwrap().map(|day| day.posture)
}

/// Folds however few states wait, or never.
async fn world(folds: bool, clock: &Arc<ManualClock>) -> World {
    let limits = Limits {
        fold_at: if folds { 1 } else { usize::MAX },
        ..Limits::default()
    };
    let world = World::at_with(limits, Arc::clone(clock)).await;
    let rows = [
        ("openssl", "CVE-2026-0001", "3.0.15-1"),
        ("curl", "CVE-2026-0002", "7.88.1-10+deb12u9"),
    ];
    world.document("tracker.json", tracker(&rows));
    world.refresh().await;
    world
}

async fn days_and_changes(folds: bool) {
    let clock = Arc::new(ManualClock::new(u64::try_from(T0).unwrap()));
    let world = world(folds, &clock).await;
    let agent = world.agent("a-1").await;
    let both = [("openssl", "3.0.14-1"), ("curl", "7.88.1-1")];
    let first = now(&clock);
    world.send(&agent, 1, &host("a-1", &both, &[])).await;
    world.settle().await;
    tick(&world).await;
    let stood = on(&world, first).await.unwrap();
    assert_eq!((stood.findings, stood.hosts.total), (2, 1));

    clock.advance_ms(24 * HOUR_MS);
    let second = now(&clock);
    world.send(&agent, 2, &host("a-1", &both[..1], &[])).await;
    world.settle().await;
    tick(&world).await;
    assert_eq!(on(&world, second).await.unwrap().findings, 1);
    assert_eq!(on(&world, first).await.unwrap().findings, 2);

    // A state that replaces that one does not move what went before.
    clock.advance_ms(24 * HOUR_MS);
    let newer = [("openssl", "3.0.13-1")];
    world.send(&agent, 3, &host("a-1", &newer, &[])).await;
    world.settle().await;
    let index = Estates(&world.calm).load_merged(&world.tenant).await;
    let index = index.unwrap();
    let fixed = index.whole().fixed(first.hours(), None, 10);
    let fixed: Vec<_> = fixed.rows.iter().map(|row| row.at_h).collect();
    assert_eq!(fixed, [second.hours()]);
    let new = index.whole().since(second.hours()).new;
    assert_eq!(new.total(), 0, "what stays is not new");
    assert_eq!(index.whole().since(first.hours()).new.total(), 1);
}

#[tokio::test]
async fn each_day_is_kept_where_states_are_folded_in() {
    days_and_changes(true).await;
}

#[tokio::test]
async fn each_day_is_kept_where_states_only_wait() {
    days_and_changes(false).await;
}
