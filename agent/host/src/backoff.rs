//! How long to wait before asking again: doubling, with full jitter, and never sooner than the server asked for.

use std::time::Duration;

/// The first pause at most.
const FIRST: Duration = Duration::from_secs(2);
/// The longest pause, whatever a server asks for.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Forgets the failures.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure. `asked` is the server's `Retry-After`; `random` chooses the point within the
    /// jitter, so that a fleet does not come back all at once.
    pub fn failed(&mut self, asked: Option<Duration>, random: u32) -> Duration {
        let ceiling = FIRST
            .saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1).min(31);
        let jitter = ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX));
        match asked {
            // Whoever was told when to come back spreads out after that moment, not before it.
            Some(asked) => asked.saturating_add(jitter.min(asked / 2)).min(LONGEST),
            None => jitter.max(Duration::from_millis(200)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_begin_anew_after_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..40)
            .map(|_| backoff.failed(None, u32::MAX).as_secs())
            .collect();
        assert_eq!(pauses.get(..4), Some(&[2, 4, 8, 16][..]));
        assert_eq!(pauses.last(), Some(&900));
        backoff.succeeded();
        assert_eq!(backoff.failed(None, u32::MAX).as_secs(), 2);
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it_within_reason() {
        let mut backoff = Backoff::default();
        assert_eq!(
            backoff.failed(Some(Duration::from_secs(30)), 0).as_secs(),
            30
        );
        assert!(
            backoff
                .failed(Some(Duration::from_secs(30)), u32::MAX)
                .as_secs()
                <= 45
        );
        assert_eq!(
            backoff.failed(Some(Duration::from_secs(1 << 40)), 0),
            LONGEST
        );
    }
}
