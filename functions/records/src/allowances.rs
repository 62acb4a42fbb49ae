//! How many requests a tenant may make: a bucket of tokens for each, from which instances of the API take shares.
//!
//! A gateway in the cloud counts for all tenants together, and instances know nothing of one another. So the bucket is a
//! record, and an instance takes many tokens from it at once and spends them by itself: a request costs nothing but the
//! share's part of one conditional write.

use platform::{Item, Platform};
use schemas::TenantId;
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Put, stored},
};

const NOUN: &str = "allowances";
/// The bucket of all requests.
const REQUESTS: &str = "requests";
const WHAT: &str = "a tenant's allowance";
/// How often a share is tried while others take theirs.
const ATTEMPTS: usize = 4;
/// How far the clocks of two instances may be apart, in milliseconds.
const MAX_AHEAD_MS: u64 = 60_000;
/// Parts of a token that are counted.
const PARTS: u64 = 1000;

/// How many requests are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second, at least 1, over a longer time.
    pub per_s: u32,
    /// Requests at once, at least 1, after a pause.
    pub burst: u32,
}

impl Rate {
    /// So many requests per second, and ten seconds of them at once.
    pub fn per_second(per_s: u32) -> Self {
        Self {
            per_s: per_s.max(1),
            burst: per_s.max(1).saturating_mul(10),
        }
    }

    /// What an instance takes at once: an eighth of the bucket, so that several find something in it.
    pub fn share(&self) -> u32 {
        (self.burst / 8).max(1)
    }
}

/// What an instance was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many requests, at least one.
    Granted(u32),
    /// None before so many milliseconds have passed.
    Wait {
        /// Until there is one, in milliseconds, at least 1.
        ms: u64,
    },
    /// Others took theirs at the same time, again and again; nothing is known.
    Busy,
}

/// A bucket of tokens, one for each request. The tenants' are records; others are kept by whoever counts with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    version: u32,
    /// Thousandths of tokens.
    parts: u64,
    /// When they were counted, in milliseconds since 1970.
    at_ms: u64,
}

stored! { Bucket: "a tenant's allowance" 1; }

impl Bucket {
    /// A bucket that nothing was taken from, at a moment in milliseconds since 1970.
    pub fn full(rate: Rate, now_ms: u64) -> Self {
        Self {
            version: 1,
            parts: u64::from(rate.burst) * PARTS,
            at_ms: now_ms,
        }
    }

    /// What is in it now. A clock that is a little behind the one that counted last adds nothing and takes nothing; one
    /// that ran far ahead is not waited for.
    #[must_use]
    pub fn at(self, rate: Rate, now_ms: u64) -> Self {
        let counted_at_ms = if self.at_ms > now_ms.saturating_add(MAX_AHEAD_MS) {
            now_ms
        } else {
            self.at_ms
        };
        let passed_ms = now_ms.saturating_sub(counted_at_ms);
        // Tokens per second are thousandths of tokens per millisecond.
        let added = passed_ms.saturating_mul(u64::from(rate.per_s));
        Self {
            parts: self
                .parts
                .saturating_add(added)
                .min(u64::from(rate.burst) * PARTS),
            at_ms: counted_at_ms.max(now_ms),
            ..self
        }
    }

    /// Takes up to so many tokens out of it, as it was left by [`Self::at`].
    pub fn take(&mut self, rate: Rate, wanted: u32) -> Share {
        let whole = u32::try_from(self.parts / PARTS).unwrap_or(u32::MAX);
        let granted = whole.min(wanted.max(1));
        if granted == 0 {
            let missing = PARTS - self.parts;
            return Share::Wait {
                ms: missing.div_ceil(u64::from(rate.per_s.max(1))),
            };
        }
        self.parts -= u64::from(granted) * PARTS;
        Share::Granted(granted)
    }

    /// Whole tokens in it, as it was left by [`Self::at`].
    pub fn left(&self) -> u32 {
        u32::try_from(self.parts / PARTS).unwrap_or(u32::MAX)
    }

    /// How long it takes until it is full, as it was left by [`Self::at`], in milliseconds.
    pub fn full_in_ms(&self, rate: Rate) -> u64 {
        let missing = (u64::from(rate.burst) * PARTS).saturating_sub(self.parts);
        missing.div_ceil(u64::from(rate.per_s.max(1)))
    }

    /// Whether nothing is missing in it at a moment, so that it may as well be forgotten.
    pub fn is_full_at(self, rate: Rate, now_ms: u64) -> bool {
        self.at(rate, now_ms).full_in_ms(rate) == 0
    }
}

/// The repository of allowances.
#[derive(Clone, Copy, Debug)]
pub struct Allowances<'a>(pub &'a Platform);

impl Allowances<'_> {
    /// Takes up to so many requests out of a tenant's bucket. The bucket is as this instance left or found it; others take
    /// from it, too.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn take(
        &self,
        tenant: &TenantId,
        rate: Rate,
        wanted: u32,
    ) -> Result<(Share, Bucket), RecordError> {
        let mut seen = Bucket::full(rate, self.0.clock.now_ms());
        let key = keys::key(tenant, NOUN, REQUESTS);
        for _ in 0..ATTEMPTS {
            let now_ms = self.0.clock.now_ms();
            let read = store::read::<Bucket>(self.0, &key).await?;
            let revision = read.map(|(_, revision)| revision);
            let mut bucket = read.map_or_else(
                || Bucket::full(rate, now_ms),
                |(bucket, _)| bucket.at(rate, now_ms),
            );
            let share = bucket.take(rate, wanted);
            if !matches!(share, Share::Granted(_)) {
                return Ok((share, bucket));
            }
            let item = Item::new(key.clone(), store::encode(&bucket)?);
            // Two that write the same bucket at the same moment are both told that it is stored; one share too many is
            // better than a tenant that is refused what it may do.
            if let Put::Written = store::put(self.0, item, store::unchanged(revision), WHAT).await?
            {
                return Ok((share, bucket));
            }
            seen = bucket;
        }
        Ok((Share::Busy, seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_s: 10,
        burst: 20,
    };

    #[test]
    fn a_bucket_gives_what_it_has_and_fills_with_time() {
        let mut bucket = Bucket::full(RATE, 1_000);
        assert_eq!(bucket.take(RATE, 15), Share::Granted(15));
        assert_eq!(bucket.take(RATE, 15), Share::Granted(5));
        assert_eq!(bucket.take(RATE, 1), Share::Wait { ms: 100 });
        let mut later = bucket.at(RATE, 1_050);
        assert_eq!(later.take(RATE, 1), Share::Wait { ms: 50 });
        let mut later = later.at(RATE, 1_100);
        assert_eq!(later.take(RATE, 9), Share::Granted(1));
        assert_eq!(
            later.at(RATE, 1_000_000).take(RATE, 100),
            Share::Granted(20),
            "never more than at once"
        );
    }

    #[test]
    fn a_bucket_tells_what_is_left_and_when_it_is_full() {
        let mut bucket = Bucket::full(RATE, 1_000);
        assert!(bucket.is_full_at(RATE, 1_000));
        assert_eq!(bucket.take(RATE, 15), Share::Granted(15));
        assert_eq!((bucket.left(), bucket.full_in_ms(RATE)), (5, 1_500));
        let later = bucket.at(RATE, 1_150);
        assert_eq!((later.left(), later.full_in_ms(RATE)), (6, 1_350));
        assert!(!bucket.is_full_at(RATE, 2_499));
        assert!(bucket.is_full_at(RATE, 2_500));
    }

    #[test]
    fn a_clock_behind_adds_nothing_and_takes_nothing() {
        let bucket = Bucket::full(RATE, 5_000);
        assert_eq!(bucket.at(RATE, 1_000), bucket);
    }

    #[test]
    fn an_instance_whose_clock_ran_ahead_blocks_nobody_for_long() {
        let mut ahead = Bucket::full(RATE, 3_600_000);
        assert_eq!(ahead.take(RATE, 20), Share::Granted(20));
        let mut right = ahead.at(RATE, 1_000).at(RATE, 1_100);
        assert_eq!(right.take(RATE, 1), Share::Granted(1));
    }

    #[test]
    fn over_any_time_no_more_is_given_than_the_rate_and_the_first_burst() {
        let mut bucket = Bucket::full(RATE, 0);
        let mut given = 0;
        for now_ms in (0..10_000).step_by(7) {
            bucket = bucket.at(RATE, now_ms);
            if let Share::Granted(some) = bucket.take(RATE, 3) {
                given += some;
            }
        }
        assert!(given <= 20 + 100, "{given}");
        assert!(given >= 20 + 98, "{given}");
    }
}
