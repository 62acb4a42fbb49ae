//! The request being answered: its id, for problems and logs; where it came from, for the audit log; what it counted for, whether
//! it has done something that cannot be told, and when it is answered.

use std::{
    future::Future,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use schemas::api::audit::AuditOrigin;
use tokio::time::Instant;

use crate::allowance::Quota;

/// The address of whoever sends a request, behind proxies that are believed: a host puts it into the extensions of its
/// requests. The audit log, API keys limited to networks, and what strangers may do go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// A request. Cheap to clone; clones are of the same request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Current {
    origin: Arc<AuditOrigin>,
    quotas: Arc<Mutex<Vec<Quota>>>,
    is_done_untold: Arc<AtomicBool>,
    not_before: Arc<Mutex<Option<Instant>>>,
}

impl Current {
    /// A request of this origin.
    pub(crate) fn of(origin: AuditOrigin) -> Self {
        Self {
            origin: Arc::new(origin),
            ..Self::default()
        }
    }

    /// The request that this task answers.
    pub(crate) fn here() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// The quotas that it counted for.
    pub(crate) fn quotas(&self) -> Vec<Quota> {
        let quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        quotas.clone()
    }

    /// The moment before which it is not answered.
    pub(crate) fn not_before(&self) -> Option<Instant> {
        let moment = self.not_before.lock();
        *moment.unwrap_or_else(PoisonError::into_inner)
    }
}

tokio::task_local! {
    static CURRENT: Current;
}

/// The id of the request that this task answers.
pub(crate) fn current() -> Option<String> {
    CURRENT
        .try_with(|current| current.origin.request_id.clone())
        .ok()
        .flatten()
}

/// Where the request that this task answers came from; of none, nothing is known.
pub(crate) fn origin() -> AuditOrigin {
    CURRENT
        .try_with(|current| (*current.origin).clone())
        .unwrap_or_default()
}

/// Notes what a request counted for. A page of a list that is read whole counts as often as there are pages: the last counts.
pub(crate) fn note(quota: Quota) {
    let _ = CURRENT.try_with(|current| {
        let mut quotas = current
            .quotas
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        quotas.retain(|other| !other.is_of_same(&quota));
        quotas.push(quota);
    });
}

/// Notes that what was asked for is done, although the answer is going to be a failure.
pub(crate) fn note_done_untold() {
    let _ = CURRENT.try_with(|current| current.is_done_untold.store(true, Ordering::Relaxed));
}

/// Whether that was noted.
pub(crate) fn is_done_untold() -> bool {
    CURRENT
        .try_with(|current| current.is_done_untold.load(Ordering::Relaxed))
        .unwrap_or(false)
}

/// Has the answer wait until a moment, so that how long it took tells nothing. Nothing of the request is held meanwhile.
pub(crate) fn answer_not_before(moment: Instant) {
    let _ = CURRENT.try_with(|current| {
        let not_before = current.not_before.lock();
        *not_before.unwrap_or_else(PoisonError::into_inner) = Some(moment);
    });
}

/// Answers a request.
pub(crate) async fn scope<F: Future>(current: Current, answer: F) -> F::Output {
    CURRENT.scope(current, answer).await
}
