//! Windows by build, for people: what of the estate is on which, and what is newer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Place, PlaceKind, Timestamp, report::Summary};

/// Which Windows builds are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WindowsBuildQuery {
    /// Only those of places of this kind: what is to be rebuilt, or what is to be updated.
    #[serde(default)]
    pub place_kind: Option<PlaceKind>,
}

/// The Windows builds of an estate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowsBuildList {
    /// By build, the latest first.
    pub builds: Vec<WindowsBuild>,
    /// Number of places of Windows whose build is not known.
    pub unknown: u32,
    /// Number of places that were left out, because there are more than are read for one answer.
    pub left_out: u32,
    /// The state of the estate that this answers from.
    pub as_of: Timestamp,
}

/// A build of Windows, which Microsoft gives updates for as long as it is supported: 20348 is Windows Server 2022.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowsBuild {
    /// The build.
    pub build: u32,
    /// What people call it.
    pub name: String,
    /// The newest update build revision that the estate knows of: the highest that a finding here is fixed in, or that is in
    /// use.
    pub newest_ubr: u32,
    /// The update that brings it; absent where it is in use and no finding names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_kb: Option<String>,
    /// Tag of Microsoft's base images that has it or what is newer, such as `10.0.20348.2700`.
    pub base_tag: String,
    /// What is in use, the oldest first.
    pub revisions: Vec<WindowsRevision>,
}

/// An update build revision that is in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowsRevision {
    /// The revision, such as 2700 in `10.0.20348.2700`.
    pub ubr: u32,
    /// Whether nothing newer is known, though newer ones were looked for.
    pub is_newest: bool,
    /// Number of hosts.
    pub hosts: u32,
    /// Number of images.
    pub images: u32,
    /// Number of running containers of these images.
    pub running_containers: u32,
    /// Vulnerabilities that newer revisions fix, counted in each place.
    pub fixed_by_newer: Summary,
    /// Its places, the highest score first; at most 200 of each kind: where `hosts` or `images` is more, there are others.
    pub places: Vec<WindowsPlace>,
}

/// A place of Windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowsPlace {
    /// The place.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The highest score in it; absent without findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_score: Option<f32>,
    /// Number of its running containers; absent for a host, or when no engine was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_containers: Option<u32>,
}
