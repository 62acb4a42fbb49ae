//! A store of its own for each test.

use std::sync::Arc;

use platform::{Embedded, ManualClock, Platform};
use schemas::{TenantId, Timestamp};

pub(crate) fn store() -> (Platform, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_780_000_000_000));
    let platform = Embedded::open(folder.path().join("store"), clock).unwrap();
    (platform, folder)
}

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub(crate) fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000)
}
