//! The embedded adapter keeps every promise of the ports, in fair and in hostile weather, and over
//! crashes.

#![expect(
    clippy::unwrap_used,
    reason = "also outside of test functions a failure here is a failed test"
)]

mod durability;

use std::sync::Arc;

use platform::conformance::{Subject, failures};
use platform::meter::{Meter, metered};
use platform::weather::{Forecast, Weather};
use platform::{Embedded, ManualClock, Platform};

fn subject(platform: Platform, clock: Arc<ManualClock>, run: &str) -> Subject {
    Subject {
        platform,
        pass_s: Arc::new(move |seconds| {
            let clock = Arc::clone(&clock);
            Box::pin(async move { clock.advance_ms(seconds * 1000) })
        }),
        run: run.to_owned(),
    }
}

fn open(dir: &std::path::Path) -> (Platform, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let platform = Embedded::open(dir, Arc::<ManualClock>::clone(&clock)).unwrap();
    (platform, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_keeps_every_promise() {
    let dir = tempfile::tempdir().unwrap();
    let (platform, clock) = open(dir.path());
    let failed = failures(&subject(platform.clone(), Arc::clone(&clock), "one"), false).await;
    assert!(failed.is_empty(), "{failed:#?}");
    // A second run meets nothing of the first.
    let failed = failures(&subject(platform, clock, "two"), false).await;
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_keeps_its_promises_in_hostile_weather() {
    for seed in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let (platform, clock) = open(dir.path());
        let platform = Weather::over(platform, Forecast::storm(seed));
        let failed = failures(&subject(platform, clock, "storm"), true).await;
        assert!(failed.is_empty(), "seed {seed}: {failed:#?}");
    }
}

#[tokio::test]
async fn clear_weather_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (platform, clock) = open(dir.path());
    let platform = Weather::over(platform, Forecast::clear(1));
    let failed = failures(&subject(platform, clock, "clear"), false).await;
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn a_meter_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (platform, clock) = open(dir.path());
    let platform = metered(platform, Arc::new(Meter::looking()));
    let failed = failures(&subject(platform, clock, "metered"), false).await;
    assert!(failed.is_empty(), "{failed:#?}");
}
