//! Whether the service lives, whether it can work, and which version of it that is.

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

/// Which version of the service answers, and what it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Version of Bulkhead.
    pub software: String,
    /// The commit it was built from, where the build knew it.
    #[serde(default)]
    pub commit: Option<String>,
    /// Version of the API for people and scripts, as in its paths.
    pub api: String,
    /// Version of the API for agents, as in its paths.
    pub agent_api: String,
    /// Versions of the documents that this release reads and writes, by their kind. It reads earlier ones too.
    #[serde(default)]
    pub schemas: SchemaVersions,
    /// What the service stands on: `embedded` or `aws`.
    pub platform: String,
}

/// Versions of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SchemaVersions {
    /// Of an agent's envelopes.
    #[serde(default)]
    pub envelope: u32,
    /// Of an inventory.
    #[serde(default)]
    pub inventory: u32,
    /// Of a scan's report.
    #[serde(default)]
    pub report: u32,
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
    /// Each part of the platform, and whether it answers.
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// A part of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// `table`, `blobs` or `queue`.
    pub name: String,
    /// Whether it answers.
    pub answers: bool,
}

/// The server's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerTime {
    /// Now.
    pub server_time: crate::Timestamp,
}
