//! Collections: which resources a role, a key, a rule or a view is about.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{CollectionId, HostId, ImageId, Timestamp, collection::CollectionParts};

/// A collection as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectionText {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 128, example = "The shop")]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1024)]
    pub description: String,
    /// What it has.
    pub parts: CollectionParts,
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectionDetail {
    /// Its id.
    pub id: CollectionId,
    /// Its name, description and parts.
    pub collection: CollectionText,
    /// When it was made or last changed.
    pub updated_at: Timestamp,
    /// Who did.
    pub updated_by: String,
}

/// Which collections are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CollectionQuery {
    /// Only those whose name contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of collections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectionList {
    /// By id.
    pub collections: Vec<CollectionDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewCollection {
    /// The parts of a collection that need not be kept.
    pub parts: CollectionParts,
}

/// What a collection has now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectionPreview {
    /// Number of its images.
    pub images: u64,
    /// Number of its hosts.
    pub hosts: u64,
    /// The first of its images by id, at most 20.
    pub some_images: Vec<PreviewImage>,
    /// The first of its hosts by id, at most 20.
    pub some_hosts: Vec<PreviewHost>,
    /// The moment that this is of.
    pub as_of: Timestamp,
}

/// An image of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewImage {
    /// Digest of its configuration.
    pub id: ImageId,
    /// The name people know it by.
    pub name: String,
}

/// A host of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewHost {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
}
