//! Images and hosts: rows, their findings and their packages.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Digest, HostId, ImageId, Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{Coverage, CoverageStatus, HostFacts, ImageFacts, OperatingSystem, Package},
    report::Summary,
    risk::PlaceFacts,
};

/// What images and hosts have in common in lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlaceStanding {
    /// The highest score of its findings, 0 to 100 with one decimal; absent without findings, which is not the same as
    /// clean: see `coverage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_score: Option<f32>,
    /// Counts of vulnerabilities by severity, each vulnerability once.
    pub counts: Summary,
    /// How much of it was read and could be judged.
    pub coverage: CoverageStatus,
    /// Number of packages.
    pub packages: u32,
    /// What is known of the place.
    pub facts: PlaceFacts,
}

/// Which images or hosts are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    /// Only those of which a name contains this text, without regard to case; of an image any tag, whole or as it is shown.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// Only those whose operating system's name contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128, example = "windows server 2022")]
    pub os: Option<String>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageList {
    /// Highest score first.
    pub images: Vec<ImageRow>,
    /// Number of rows over all pages.
    pub total: u64,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The state of the estate that this answers from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

/// One image in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageRow {
    /// Digest of its configuration.
    pub id: ImageId,
    /// The name people know it by.
    pub name: String,
    /// The name of its operating system; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// How it stands.
    pub standing: PlaceStanding,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageDetail {
    /// Its configuration, tags and layers.
    pub image: ImageFacts,
    /// Hosts that hold it.
    pub hosts: Vec<HostId>,
    /// Layers whose inventories have not arrived.
    pub missing_layers: Vec<Digest>,
    /// How it stands; absent until it has been judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<PlaceStanding>,
    /// When it was first observed.
    pub first_seen_at: Timestamp,
}

/// One page of hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostList {
    /// Highest score first.
    pub hosts: Vec<HostRow>,
    /// Number of rows over all pages.
    pub total: u64,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The state of the estate that this answers from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

/// One host in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostRow {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// The name of its operating system; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// How it stands.
    pub standing: PlaceStanding,
}

/// One host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostDetail {
    /// Its facts.
    pub host: HostFacts,
    /// Its operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<OperatingSystem>,
    /// How it stands; absent until it has been judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<PlaceStanding>,
    /// When it was last observed.
    pub observed_at: Timestamp,
}

/// One page of a place's findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FindingList {
    /// Highest score first, then by vulnerability and package.
    pub findings: Vec<Finding>,
    /// Vulnerabilities that may be here and cannot be judged; on the first page only.
    #[serde(default)]
    pub cannot_judge: Vec<CannotJudge>,
    /// How much of the place was read and could be judged.
    pub coverage: Coverage,
    /// Counts over all pages.
    pub summary: Summary,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// When the place was matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

/// One page of a place's packages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackageList {
    /// By name, version and path.
    pub packages: Vec<Package>,
    /// Number of packages over all pages.
    pub total: u64,
    /// How much of the place was read.
    pub coverage: Coverage,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
