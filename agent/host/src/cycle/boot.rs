//! One run of the agent: its random id, and the numbers of its envelopes.

use std::sync::atomic::{AtomicU64, Ordering};

/// A run.
#[derive(Debug)]
pub struct Boot {
    id: String,
    seq: AtomicU64,
}

impl Boot {
    /// The run with these random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self {
            id: hex::encode(random),
            seq: AtomicU64::new(0),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Id and number of the next envelope, from 1.
    pub fn next(&self) -> (String, u64) {
        let before = self.seq.fetch_add(1, Ordering::Relaxed);
        (self.id.clone(), before.saturating_add(1))
    }
}
