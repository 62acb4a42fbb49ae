//! Whether the service lives, and whether it can work.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Version of Bulkhead.
    pub software: String,
}

/// Whether the service can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether requests are worth sending.
    pub ready: bool,
    /// Whether any advisories are loaded; without them the service works and nothing is judged.
    pub feeds_loaded: bool,
    /// What is not as it should be, for people.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The server's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerTime {
    /// Now.
    pub server_time: crate::Timestamp,
}
