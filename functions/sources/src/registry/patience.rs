//! How long and how often a registry and whoever gives out its tokens are asked.

use std::time::Duration;

use tokio::time::Instant;

use super::{RegistryError, RegistryOptions};
use crate::http::{HttpError, retry_after};

/// Repetitions when no connection comes about.
const CONNECT_RETRIES: u32 = 1;

/// One image's share of time and repetitions.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    registry: String,
    retries: u32,
    first_wait: Duration,
    longest_wait: Duration,
    /// When it ends, and how long it was.
    end: Option<(Instant, Duration)>,
}

impl Patience {
    /// Begins to run now.
    pub(super) fn new(registry: &str, options: &RegistryOptions) -> Self {
        Self {
            registry: registry.to_owned(),
            retries: options.retries,
            first_wait: options.first_wait,
            longest_wait: options.longest_wait,
            end: options
                .time
                .and_then(|time| Some((Instant::now().checked_add(time)?, time))),
        }
    }

    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// Awaits what takes time, but not beyond the end.
    pub(super) async fn limit<T>(
        &self,
        work: impl Future<Output = T> + Send,
    ) -> Result<T, RegistryError> {
        match self.end {
            None => Ok(work.await),
            Some((end, time)) => tokio::time::timeout_at(end, work)
                .await
                .map_err(|_| self.over(time)),
        }
    }

    fn over(&self, time: Duration) -> RegistryError {
        RegistryError::OutOfTime {
            registry: self.registry.clone(),
            time_s: time.as_secs(),
        }
    }

    /// Waits before a repetition: as long as the server asks for, else twice as long each time.
    pub(super) async fn wait(
        &self,
        attempt: u32,
        asked: Option<&str>,
    ) -> Result<(), RegistryError> {
        let own = self
            .first_wait
            .saturating_mul(2u32.saturating_pow(attempt))
            .min(self.longest_wait);
        let wait = match asked.and_then(retry_after) {
            Some(wait) if wait > self.longest_wait => {
                return Err(RegistryError::Busy {
                    registry: self.registry.clone(),
                    wait_s: wait.as_secs(),
                });
            }
            asked => asked.unwrap_or(own),
        };
        self.limit(tokio::time::sleep(wait)).await
    }

    /// Whether to try again after this failure. A name that does not exist and a port on which nobody listens mostly stay
    /// so, and people who mistyped a name do not want to wait for it.
    pub(super) fn again(&self, attempt: u32, error: &HttpError) -> bool {
        let repetitions = match error {
            HttpError::Unreachable { source, .. }
                if source.is_redirect() || source.is_builder() =>
            {
                0
            }
            HttpError::Unreachable { source, .. } if source.is_connect() => {
                self.retries.min(CONNECT_RETRIES)
            }
            HttpError::Unreachable { .. } => self.retries,
            _ => 0,
        };
        attempt < repetitions
    }

    /// Whether an answer of this status may be another one later, and there is a repetition left.
    pub(super) fn again_after(&self, attempt: u32, status: u16) -> bool {
        matches!(status, 408 | 429 | 500 | 502..=504) && attempt < self.retries
    }
}
