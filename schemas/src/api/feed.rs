//! What is loaded of each advisory feed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// The feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedList {
    /// Whether any advisories are loaded. Without them nothing is judged.
    pub loaded: bool,
    /// What to do about it when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how_to_fill: Option<String>,
    /// The generation of compiled advisories in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    /// When that generation was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_at: Option<Timestamp>,
    /// By name.
    pub feeds: Vec<FeedRow>,
}

/// One feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedRow {
    /// Its name, such as `msrc-cvrf`.
    pub name: String,
    /// Number of documents in use.
    pub documents: u64,
    /// Number of rows in use.
    pub rows: u64,
    /// The newest date that its documents carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// When it was last read without an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_at: Option<Timestamp>,
    /// When it was last looked at.
    pub checked_at: Timestamp,
    /// What went wrong the last time; what was good before stays in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}
