//! The request being answered: its id, for problems and logs, and where it came from, for the audit log.

use std::{future::Future, net::IpAddr};

use schemas::api::audit::AuditOrigin;

/// The address of whoever connected: a host puts it into the extensions of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

tokio::task_local! {
    static CURRENT: AuditOrigin;
}

/// The id of the request that this task answers.
pub(crate) fn current() -> Option<String> {
    CURRENT
        .try_with(|origin| origin.request_id.clone())
        .ok()
        .flatten()
}

/// Where the request that this task answers came from; of none, nothing is known.
pub(crate) fn origin() -> AuditOrigin {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Answers a request of this origin.
pub(crate) async fn scope<F: Future>(origin: AuditOrigin, answer: F) -> F::Output {
    CURRENT.scope(origin, answer).await
}
