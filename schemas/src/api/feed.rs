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
    /// How each feed's download is, by name; empty where documents come from a folder.
    #[serde(default)]
    pub downloads: Vec<FeedDownload>,
}

/// How the download of one feed is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedDownload {
    /// Its name in the catalogue, such as `osv-npm`.
    pub name: String,
    /// Number of documents in use.
    pub documents: u64,
    /// Number of rows in them.
    pub rows: u64,
    /// Their size, as they were transferred.
    pub size_bytes: u64,
    /// When its publisher was last asked.
    pub checked_at: Timestamp,
    /// When it was last asked without any error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_at: Option<Timestamp>,
    /// When one of its documents last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// What went wrong the last time; what was good before stays in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Why later documents are held back: they lost more than a tenth of their rows. `POST /api/v1/feeds/refresh` takes
    /// them by `accept_shrunk`.
    #[serde(default)]
    pub held: Vec<String>,
}

/// A request to look at the feeds now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewFeedRefresh {
    /// Feeds, by their names among the downloads, whose documents are taken although they lost more than a tenth of their
    /// rows: those that are held back, and those that come with this look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["cisa-kev"]))]
    pub accept_shrunk: Vec<String>,
}

/// The answer to a request to look at the feeds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedRefresh {
    /// Whether it was queued; the feeds' `checked_at` tells when it was done.
    pub queued: bool,
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
