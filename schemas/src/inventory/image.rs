//! What an image's configuration and manifest say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Digest, ImageId, Timestamp};

/// An image as its configuration describes it. Source: OCI image-spec, `config.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageFacts {
    /// Digest of the configuration.
    pub id: ImageId,
    /// Tags under which it was seen, such as `nginx:1.27`; labels, never identity.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `name@sha256:…` as registries know it.
    #[serde(default)]
    pub repo_digests: Vec<String>,
    /// `os` of the configuration, in Go's words: `linux`, `windows`.
    pub os: String,
    /// `os.version`: on Windows the exact build, such as `10.0.20348.2700`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// `architecture`, in Go's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// `created`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// `config.User` as written; empty means the platform's default.
    #[serde(default)]
    pub user: String,
    /// `config.ExposedPorts`, such as `80/tcp`.
    #[serde(default)]
    pub exposed_ports: Vec<String>,
    /// `config.Labels`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Layers, lowest first.
    #[serde(default)]
    pub layers: Vec<LayerRef>,
    /// The image it was built on, as far as that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseImage>,
}

/// The image that another one was built on: what is wrong in its layers is mended by a newer base, not by the build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaseImage {
    /// How many of the image's layers, from the bottom, are the base's.
    pub layers: u32,
    /// Its name: of an image that was seen itself, else of the label `org.opencontainers.image.base.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Digest of its manifest, by the label `org.opencontainers.image.base.digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What tells how many layers are the base's.
    pub evidence: BaseEvidence,
}

/// What tells where a base image ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaseEvidence {
    /// Another image that was seen has exactly these layers.
    KnownImage,
    /// The history has a default command in its middle, where the base's own build ended.
    History,
    /// Microsoft's history lines of the layers that Windows itself consists of.
    WindowsLayers,
    /// Evidence of a kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LayerRef {
    /// Digest of the uncompressed layer: its identity here.
    pub diff_id: Digest,
    /// Digest of the compressed blob, where the source has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<Digest>,
    /// Media type of the blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Size of the blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The history line that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}
