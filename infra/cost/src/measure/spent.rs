//! Processor time of this process, so that what else the machine does is not measured.

use std::{fs, time::Instant};

/// A moment, by the processor time that all threads had spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    processor_ns: Option<u64>,
    wall: Instant,
}

impl Spent {
    pub(super) fn now() -> Self {
        Self {
            processor_ns: processor_ns(),
            wall: Instant::now(),
        }
    }

    /// Milliseconds of processor time since then; of the clock where the system does not tell.
    pub(super) fn since_ms(self) -> f64 {
        match (self.processor_ns, processor_ns()) {
            (Some(then), Some(now)) => crate::count::float(now.saturating_sub(then)) / 1e6,
            _ => self.wall.elapsed().as_secs_f64() * 1_000.0,
        }
    }
}

/// Source: Linux, Documentation/scheduler/sched-stats.rst: the first number of a thread's `schedstat` is the time that it
/// spent on a processor, in nanoseconds.
fn processor_ns() -> Option<u64> {
    let mut sum: u64 = 0;
    for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread may have ended since it was listed.
        let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else {
            continue;
        };
        let first = text.split(' ').next()?.parse::<u64>().ok()?;
        sum = sum.saturating_add(first);
    }
    (sum > 0).then_some(sum)
}
