//! How many requests were answered, and how long that took: by method, declared path and status.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::Method;

/// What kind of requests, and how they were answered. The path is the declared one, such as `/api/v1/hosts/{id}`, so that
/// there are no more of them than operations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answered {
    /// The method, `other` for what is none of HTTP's own.
    pub method: &'static str,
    /// The declared path, `(none)` for what leads nowhere.
    pub path: String,
    /// The status.
    pub status: u16,
}

/// How many they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Requests.
    pub requests: u64,
    /// How long they took together, in microseconds.
    pub took_us: u64,
}

/// The requests that this process answered.
#[derive(Debug, Default)]
pub struct Requests(Mutex<BTreeMap<Answered, Count>>);

impl Requests {
    pub(crate) fn count(&self, method: &Method, path: &str, status: u16, took: Duration) {
        let answered = Answered {
            method: known(method),
            path: path.to_owned(),
            status,
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(answered).or_default();
        count.requests += 1;
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        count.took_us = count.took_us.saturating_add(took_us);
    }

    /// All counts at this moment.
    pub fn all(&self) -> BTreeMap<Answered, Count> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Callers may invent methods, and each would stay here for ever.
fn known(method: &Method) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| method.as_str() == *known)
        .unwrap_or("other")
}
