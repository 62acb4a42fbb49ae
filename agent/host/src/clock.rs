//! The host's clock, corrected to the server's: signatures and observations follow one time.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use schemas::Timestamp;

/// Differences below this are the network's delay and not worth following.
const TOLERANCE_MS: i64 = 2_000;

/// A clock with the offset to the server's.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// The host's own time.
    pub fn local() -> Timestamp {
        let ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        Timestamp::from_ms(ms)
    }

    /// The host's time corrected to the server's.
    pub fn now(&self) -> Timestamp {
        Self::local().plus_ms(self.offset_ms.load(Ordering::Relaxed))
    }

    /// What is added to the host's time, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Follows the server's time as seen between two moments of the host's clock. Returns whether the offset changed.
    pub fn follow(&self, server: Timestamp, sent: Timestamp, received: Timestamp) -> bool {
        let middle = sent.as_ms().midpoint(received.as_ms());
        let offset = server.as_ms().saturating_sub(middle);
        let change = offset.saturating_sub(self.offset_ms());
        // A slow answer makes the middle uncertain by half its duration.
        let doubt = received
            .as_ms()
            .saturating_sub(sent.as_ms())
            .saturating_abs()
            / 2;
        if change.saturating_abs() <= TOLERANCE_MS.saturating_add(doubt) {
            return false;
        }
        self.offset_ms.store(offset, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_corrected_and_network_delay_is_not_followed() {
        let clock = Clock::default();
        let at = Timestamp::from_ms;
        assert!(!clock.follow(at(11_000), at(10_000), at(10_400)));
        assert_eq!(clock.offset_ms(), 0);
        assert!(clock.follow(at(3_610_000), at(10_000), at(10_200)));
        assert_eq!(clock.offset_ms(), 3_599_900);
        assert!(!clock.follow(at(3_610_500), at(10_100), at(10_300)));
    }
}
