//! Why the gateway was not reached, or did not do what it was asked.

use std::{io, time::Duration};

/// Why a request had no success.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// The server's address is not usable.
    #[error("{0}")]
    Address(String),
    /// The certificates could not be read.
    #[error("the certificates of {path} could not be used: {detail}")]
    Certificates {
        /// The file.
        path: String,
        /// Why.
        detail: String,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
    /// Nobody answered, or the connection broke.
    #[error("the server does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The server cannot answer now.
    #[error("the server is busy (status {status})")]
    Busy {
        /// HTTP status.
        status: u16,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// The server took this agent's access away.
    #[error("the server has revoked this agent: enrol it again if it is to be trusted")]
    Revoked,
    /// The server refused the request.
    #[error("the server refused (status {status}, {kind}): {detail}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Type of the problem, such as `/problems/bad-request`.
        kind: String,
        /// What it said.
        detail: String,
    },
    /// The place that the server named for an upload did not take it. What was to be sent is as good as before, and the next
    /// ticket may name another place.
    #[error("the upload was not taken (status {status}, {code})")]
    Upload {
        /// HTTP status.
        status: u16,
        /// The code that a store says, such as `AccessDenied`, or the type of the problem.
        code: String,
    },
    /// The answer is not of the form it should have.
    #[error("the server's answer is not understood: {0}")]
    Answer(String),
    /// A request could not be written.
    #[error("the request could not be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// A request could not be signed.
    #[error("the request could not be signed")]
    Sign(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A request could not be compressed.
    #[error("the request could not be compressed")]
    Compress(#[source] io::Error),
    /// The system has no randomness.
    #[error("the system gives no random numbers: {0}")]
    Randomness(String),
}

impl UplinkError {
    /// Whether the same request may succeed later without anyone doing anything here.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Busy { .. }
            | Self::Upload { .. }
            | Self::Answer(_)
            | Self::Randomness(_) => true,
            // An agent that is not known may be known when the server's store is back; a replay is answered by a new
            // nonce.
            Self::Refused { status, .. } => *status == 401 || *status == 404,
            Self::Revoked
            | Self::Address(_)
            | Self::Certificates { .. }
            | Self::Client(_)
            | Self::Encode(_)
            | Self::Sign(_)
            | Self::Compress(_) => false,
        }
    }

    /// When the server asked to come back.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
