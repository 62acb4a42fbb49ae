//! What a place contains: its operating system, packages and configuration, and how much of it could be read.

pub mod container;
pub mod coverage;
pub mod host;
pub mod image;
pub mod layer;
pub mod os;
pub mod package;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use container::{
    Container, ContainersSnapshot, Isolation, Mount, Pod, PublishedPort, WorkloadId,
};
pub use coverage::{Coverage, CoverageGap, CoverageStatus, GapReason};
pub use host::{Engine, HostFacts, ListeningSocket};
pub use image::{BaseEvidence, BaseImage, ImageFacts, LayerRef};
pub use layer::{
    Evidence, FileOwner, HiveForm, HiveKey, HiveValue, LayerInventory, Reader, ReaderKind,
};
pub use os::{InstallationType, OperatingSystem, OsFamily, UpdateState, WindowsOs, WindowsUpdate};
pub use package::{Package, PackageKind, PackageOrigin};

/// The version of the inventory document that this code writes.
pub const INVENTORY_VERSION: u32 = 1;

/// Everything known of one place: the document that `inventory:FILE` reads and agents upload.
///
/// Only `version` and `target` are required: what is absent was not looked for, and `coverage` says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Inventory {
    /// Version of this document's form, 1. A reader refuses a later one.
    pub version: u32,
    /// What was looked at.
    pub target: Target,
    /// Its operating system; absent when it could not be told, in which case nothing here is ever called clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<OperatingSystem>,
    /// Packages, programs and libraries found.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// Image configuration, where the place is an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageFacts>,
    /// Host facts, where the place is a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostFacts>,
    /// How much was read, and what was not and why.
    #[serde(default)]
    pub coverage: Coverage,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// Its kind.
    pub kind: TargetKind,
    /// The name people know it by: a host name, an image reference, a path.
    pub name: String,
    /// The image's configuration digest or the host's id, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The kinds of things that can be inventoried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A machine.
    Host,
    /// A container image.
    Image,
    /// A folder holding a file system or part of one.
    Folder,
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}
