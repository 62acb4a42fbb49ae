//! What the functions did in this process, counted by function. No tenant is told apart: a metric for each of thousands
//! costs more than their work, and the log names them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What one function did since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Messages that were answered, whatever the answer, and runs of a schedule.
    pub messages: u64,
    /// Of these: how many come again, since they may succeed later.
    pub failures: u64,
    /// Of these: how many were given up.
    pub given_up: u64,
    /// How long they took together, in milliseconds.
    pub duration_ms: u64,
    /// Time from when the last one was sent until its work began, in milliseconds. Of a schedule: 0.
    pub age_ms: u64,
    /// Matched packages (`scan`), or what else the function counts as its work.
    pub items: u64,
}

/// How a message was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its work is done.
    Done,
    /// It comes again.
    Again,
    /// It was given up.
    GivenUp,
}

/// What the functions did in this process.
#[derive(Debug, Default)]
pub struct Metrics {
    by_function: Mutex<BTreeMap<&'static str, Count>>,
}

impl Metrics {
    /// Counts an answered message.
    pub fn answered(
        &self,
        function: &'static str,
        verdict: Verdict,
        duration: Duration,
        age_ms: u64,
    ) {
        self.change(function, |count| {
            count.messages += 1;
            count.failures += u64::from(verdict == Verdict::Again);
            count.given_up += u64::from(verdict == Verdict::GivenUp);
            let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            count.duration_ms = count.duration_ms.saturating_add(ms);
            count.age_ms = age_ms;
        });
    }

    /// Counts messages of a function that their queue gave up, as none of their deliveries was answered.
    pub fn given_up(&self, function: &'static str, messages: u64) {
        self.change(function, |count| {
            count.messages = count.messages.saturating_add(messages);
            count.given_up = count.given_up.saturating_add(messages);
        });
    }

    /// Counts what a function went through.
    pub fn items(&self, function: &'static str, items: u64) {
        self.change(function, |count| {
            count.items = count.items.saturating_add(items);
        });
    }

    /// What a function did so far.
    pub fn of(&self, function: &str) -> Count {
        let counts = self
            .by_function
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.get(function).copied().unwrap_or_default()
    }

    /// What every function that did anything did so far, by name.
    pub fn all(&self) -> BTreeMap<&'static str, Count> {
        self.by_function
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, function: &'static str, change: impl FnOnce(&mut Count)) {
        let mut counts = self
            .by_function
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(function).or_default());
    }
}
