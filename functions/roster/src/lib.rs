//! The one list of functions: what starts each, what it does, and within which bounds. Every host of the functions runs
//! this list.

mod local;
mod needs;
mod work;

use handlers::{
    Handler, feed::Feed, feed::Refresh, fold::Fold, ingest::Ingest, look::LookAtRegistries,
    notify::Notify, registry::Registry, scan::Scan, score::Score, sweep::Sweep, watch::Watch,
};
use records::messages::{
    FeedMessage, IngestMessage, NotifyMessage, QueueMessage as _, RegistryMessage, ScanMessage,
    ScoreMessage,
};

pub use local::{LocalOptions, Running, drain, run_local};
pub use needs::{Needs, Records};
pub use work::{Answered, Work, run_scheduled};

/// What starts a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Messages of a queue.
    Queue(&'static str),
    /// The time: at the start, then every so many seconds.
    Schedule {
        /// Seconds from one start to the next.
        every_s: u32,
    },
}

/// A function.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What starts it.
    pub trigger: Trigger,
    /// What it does.
    pub handler: &'static dyn Handler,
    /// Most messages that one invocation takes, 1 to 10.
    pub batch_size: u32,
    /// How long one message may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long a delivery stays invisible to others, in seconds; at least six times what a message may take.
    pub visibility_timeout_s: u32,
    /// After so many deliveries a message becomes a dead letter.
    pub max_receives: u32,
    /// Memory of an instance in the cloud, in MiB; processor time comes in proportion.
    pub memory_mb: u32,
    /// What it does on the platform beside receiving its messages.
    pub needs: Needs,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("trigger", &self.trigger)
            .finish_non_exhaustive()
    }
}

/// Deliveries until a message is given up: with the delays between them it outlasts a service that is away for two hours.
const MAX_RECEIVES: u32 = 16;

/// Every function.
pub static FUNCTIONS: [Function; 11] = [
    Function {
        name: "feed",
        trigger: Trigger::Queue(FeedMessage::QUEUE),
        handler: &Feed,
        batch_size: 1,
        timeout_ms: 600_000,
        visibility_timeout_s: 3_600,
        max_receives: MAX_RECEIVES,
        memory_mb: 3008,
        needs: Needs::FEED,
    },
    Function {
        name: "ingest",
        trigger: Trigger::Queue(IngestMessage::QUEUE),
        handler: &Ingest,
        batch_size: 10,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: MAX_RECEIVES,
        memory_mb: 512,
        needs: Needs::INGEST,
    },
    Function {
        name: "registry",
        trigger: Trigger::Queue(RegistryMessage::QUEUE),
        handler: &Registry,
        batch_size: 1,
        // As long as a function in the cloud may take: some gigabytes of one layer.
        timeout_ms: 900_000,
        visibility_timeout_s: 5_400,
        max_receives: MAX_RECEIVES,
        memory_mb: 1024,
        needs: Needs::REGISTRY,
    },
    Function {
        name: "scan",
        trigger: Trigger::Queue(ScanMessage::QUEUE),
        handler: &Scan,
        batch_size: 10,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: MAX_RECEIVES,
        memory_mb: 1024,
        needs: Needs::SCAN,
    },
    Function {
        name: "score",
        trigger: Trigger::Queue(ScoreMessage::QUEUE),
        handler: &Score,
        batch_size: 10,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: MAX_RECEIVES,
        memory_mb: 1024,
        needs: Needs::SCORE,
    },
    Function {
        name: "notify",
        trigger: Trigger::Queue(NotifyMessage::QUEUE),
        handler: &Notify,
        batch_size: 5,
        // A receiver has 15 seconds, and changes of many places are read some hundreds at a time.
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: MAX_RECEIVES,
        memory_mb: 512,
        needs: Needs::NOTIFY,
    },
    Function {
        name: "feed-refresh",
        trigger: Trigger::Schedule { every_s: 6 * 3_600 },
        handler: &Refresh,
        batch_size: 1,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: 5,
        memory_mb: 256,
        needs: Needs::REFRESH,
    },
    Function {
        name: "fold",
        trigger: Trigger::Schedule { every_s: 60 },
        handler: &Fold,
        batch_size: 1,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: 5,
        memory_mb: 256,
        needs: Needs::FOLD,
    },
    Function {
        name: "sweep",
        trigger: Trigger::Schedule { every_s: 3_600 },
        handler: &Sweep,
        batch_size: 1,
        // A few milliseconds for each message that it moves.
        timeout_ms: 300_000,
        visibility_timeout_s: 1_800,
        max_receives: 5,
        memory_mb: 256,
        needs: Needs::SWEEP,
    },
    Function {
        name: "look",
        trigger: Trigger::Schedule { every_s: 15 * 60 },
        handler: &LookAtRegistries,
        batch_size: 1,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: 5,
        memory_mb: 256,
        needs: Needs::LOOK,
    },
    Function {
        name: "watch",
        trigger: Trigger::Schedule { every_s: 5 * 60 },
        handler: &Watch,
        batch_size: 1,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: 5,
        memory_mb: 256,
        needs: Needs::WATCH,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use records::messages::QUEUES;

    use super::*;

    #[test]
    fn every_function_is_within_the_bounds_of_the_house() {
        let names: BTreeSet<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        assert_eq!(names.len(), FUNCTIONS.len(), "names are distinct");
        for function in &FUNCTIONS {
            let name = function.name;
            assert!((1..=10).contains(&function.batch_size), "{name}");
            assert!(function.max_receives >= 5, "{name}");
            assert!(
                u64::from(function.visibility_timeout_s) * 1000 >= function.timeout_ms * 6,
                "{name}"
            );
            // What a function in the cloud may take at most.
            assert!(function.timeout_ms <= 900_000, "{name}");
        }
    }

    #[test]
    fn an_image_is_given_up_before_its_function_is() {
        let registry = FUNCTIONS
            .iter()
            .find(|function| function.name == "registry");
        let inside = handlers::registry::READING_TIME.as_millis();
        assert!(inside < u128::from(registry.map_or(0, |function| function.timeout_ms)));
    }

    /// By a queue's name the messages are counted that it gave up itself.
    #[test]
    fn a_queue_has_the_name_of_its_function() {
        for function in &FUNCTIONS {
            if let Trigger::Queue(queue) = function.trigger {
                assert_eq!(queue, function.name);
            }
        }
    }

    #[test]
    fn every_queue_has_one_function() {
        for queue in QUEUES {
            let readers = FUNCTIONS
                .iter()
                .filter(|function| function.trigger == Trigger::Queue(queue))
                .count();
            assert_eq!(readers, 1, "{queue}");
        }
    }
}
