//! Hostile weather: a wrapper around any platform that does everything which the ports do not forbid.
//!
//! Indexes are stale, messages come twice, late and in another order, requests are throttled, pages are
//! short or empty, batches are done in part, and writes happen whose acknowledgement is lost. The dice
//! are seeded: the same calls in the same order meet the same weather.

mod blobs;
mod queue;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::{Platform, Source};

/// How bad the weather is: chances in a thousand, for each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Decides everything else.
    pub seed: u64,
    /// Requests refused as too many.
    pub throttled: u32,
    /// Writes which happen although the caller gets an error.
    pub lost_acks: u32,
    /// Writes which the indexes show only some queries later.
    pub stale_index: u32,
    /// Messages which are sent twice, and acknowledged ones which come again.
    pub duplicates: u32,
    /// Messages which come later than those behind them.
    pub reordered: u32,
    /// Pages which are short or empty, batches which are done in part.
    pub partial: u32,
    /// Writes refused for another one under way.
    pub conflicts: u32,
}

impl Forecast {
    /// Clear sky: nothing happens.
    #[must_use]
    pub fn clear(seed: u64) -> Self {
        Self {
            seed,
            throttled: 0,
            lost_acks: 0,
            stale_index: 0,
            duplicates: 0,
            reordered: 0,
            partial: 0,
            conflicts: 0,
        }
    }

    /// Everything at once, far worse than a real day.
    #[must_use]
    pub fn storm(seed: u64) -> Self {
        Self {
            seed,
            throttled: 80,
            lost_acks: 80,
            stale_index: 500,
            duplicates: 150,
            reordered: 300,
            partial: 300,
            conflicts: 80,
        }
    }
}

/// Makes weather.
#[derive(Debug, Clone, Copy)]
pub struct Weather;

impl Weather {
    /// The same platform in this weather. Clock and keys are as before.
    #[must_use]
    pub fn over(platform: Platform, forecast: Forecast) -> Platform {
        let dice = Arc::new(Dice {
            seed: forecast.seed,
            thrown: AtomicU64::new(0),
        });
        Platform {
            table: Arc::new(table::WeatherTable::new(
                platform.table,
                forecast,
                Arc::clone(&dice),
            )),
            blobs: Arc::new(blobs::WeatherBlobs {
                inner: platform.blobs,
                forecast,
                dice: Arc::clone(&dice),
            }),
            queue: Arc::new(queue::WeatherQueue::new(platform.queue, forecast, dice)),
            clock: platform.clock,
            keys: platform.keys,
            uploads: platform.uploads,
            lake: platform.lake,
        }
    }
}

/// An acknowledgement that never arrived.
#[derive(Debug, thiserror::Error)]
#[error("the acknowledgement was lost")]
struct LostAck;

fn lost_ack() -> Source {
    LostAck.into()
}

/// Seeded randomness (SplitMix64, by Steele, Lea and Flood).
#[derive(Debug)]
struct Dice {
    seed: u64,
    thrown: AtomicU64,
}

impl Dice {
    fn throw(&self) -> u64 {
        let count = self.thrown.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let mut z = self
            .seed
            .wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    fn below(&self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.throw() % end).unwrap_or(0)
    }

    /// Whether something with this chance in a thousand happens.
    fn happens(&self, in_a_thousand: u32) -> bool {
        self.throw() % 1000 < u64::from(in_a_thousand)
    }

    /// Another order of the same things.
    fn shuffle<T>(&self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Forecast, Weather};
    use crate::{
        Condition, Embedded, Index, Item, Key, ManualClock, Message, Page, Platform, Receive,
        SortRange, TableError,
    };

    fn sheltered() -> (tempfile::TempDir, Platform) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(1_800_000_000_000));
        let platform = Embedded::open(dir.path(), clock).unwrap();
        (dir, platform)
    }

    /// What a fixed row of calls meets, in words.
    async fn log(seed: u64) -> Vec<String> {
        let (_dir, platform) = sheltered();
        let platform = Weather::over(platform, Forecast::storm(seed));
        let mut log = Vec::new();
        for n in 0..60 {
            let item = Item::new(Key::new("p", n.to_string()), "1");
            let put = platform.table.put(item, Condition::NotExists).await;
            log.push(put.map_or_else(|e| e.to_string(), |_| "put".to_owned()));
            let message = vec![Message::new(n.to_string(), "b")];
            let sent = platform.queue.send("q", message).await;
            log.push(format!("{:?}", sent.map(|failed| failed.len()).ok()));
            let received = platform.queue.receive("q", Receive::default()).await;
            let ids = received.map(|all| all.into_iter().map(|d| d.message.id).collect::<Vec<_>>());
            log.push(format!("{:?}", ids.ok()));
        }
        log
    }

    #[tokio::test]
    async fn the_same_seed_makes_the_same_weather() {
        assert_eq!(log(1).await, log(1).await);
        assert_ne!(log(1).await, log(2).await);
    }

    #[tokio::test]
    async fn a_lost_acknowledgement_hides_a_write_that_happened() {
        let (_dir, shelter) = sheltered();
        let forecast = Forecast {
            lost_acks: 1000,
            ..Forecast::clear(1)
        };
        let platform = Weather::over(shelter.clone(), forecast);
        let key = Key::new("p", "s");
        let put = platform
            .table
            .put(Item::new(key.clone(), "1"), Condition::None)
            .await;
        assert!(matches!(put, Err(TableError::Unavailable(_))), "{put:?}");
        assert!(shelter.table.get(&key).await.unwrap().is_some());
        assert!(
            platform
                .queue
                .send("q", vec![Message::new("1", "b")])
                .await
                .is_err()
        );
        assert_eq!(shelter.queue.depth("q").await.unwrap().ready, 1);
    }

    #[tokio::test]
    async fn a_stale_index_shows_former_states_and_then_the_present() {
        let (_dir, shelter) = sheltered();
        let forecast = Forecast {
            stale_index: 1000,
            ..Forecast::clear(1)
        };
        let key = Key::new("p", "s");
        let item = |value: &str| Item::new(key.clone(), value).with_index(Index::One, "i", "1");
        shelter
            .table
            .put(item("old"), Condition::None)
            .await
            .unwrap();
        let platform = Weather::over(shelter, forecast);
        platform
            .table
            .put(item("new"), Condition::None)
            .await
            .unwrap();
        let mut seen = Vec::new();
        for _ in 0..8 {
            let page = platform
                .table
                .query_index(Index::One, "i", &SortRange::All, &Page::first(10))
                .await
                .unwrap();
            seen.extend(page.items.into_iter().map(|item| item.value));
        }
        assert_eq!(seen.first().unwrap(), b"old");
        assert_eq!(seen.last().unwrap(), b"new");
        assert_eq!(
            platform.table.get(&key).await.unwrap().unwrap().value,
            b"new"
        );
    }

    #[tokio::test]
    async fn duplicates_and_another_order_arrive() {
        let (_dir, shelter) = sheltered();
        let forecast = Forecast {
            duplicates: 500,
            reordered: 500,
            ..Forecast::clear(1)
        };
        let platform = Weather::over(shelter, forecast);
        let messages = (10..30).map(|n| Message::new(n.to_string(), "b")).collect();
        assert!(platform.queue.send("q", messages).await.unwrap().is_empty());
        let mut ids = Vec::new();
        for _ in 0..40 {
            let some = platform
                .queue
                .receive("q", Receive::default())
                .await
                .unwrap();
            ids.extend(some.into_iter().map(|d| d.message.id));
        }
        assert!(ids.len() > 20, "no duplicates");
        assert!(!ids.is_sorted(), "no other order");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 20);
    }
}
