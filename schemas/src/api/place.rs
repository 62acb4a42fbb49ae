//! Images and hosts: rows, their findings and their packages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Digest, HostId, ImageId, Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{
        Coverage, CoverageStatus, HostFacts, ImageFacts, OperatingSystem, Package, PackageKind,
    },
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
    /// Only those whose highest severity is any of these, separated by commas: `critical,high`.
    #[serde(default)]
    #[param(
        max_length = 64,
        pattern = "^ *(critical|high|medium|low|unknown) *(, *(critical|high|medium|low|unknown) *)*$",
        example = "critical,high"
    )]
    pub severity: Option<String>,
    /// Only those that were read whole, in part, or not.
    #[serde(default)]
    #[param(inline)]
    pub coverage: Option<CoverageFilter>,
    /// Only those that the network reaches from outside of their host, by a published port or more, or only the others.
    #[serde(default)]
    pub exposed: Option<bool>,
    /// The order: `score`, the highest first (when absent), or `name`.
    #[serde(default)]
    #[param(inline)]
    pub sort: PlaceSort,
    /// `next_cursor` of the page before; valid for the same filters and order only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// How much of an image or host was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageFilter {
    /// All that matters.
    Complete,
    /// Some of it.
    Partial,
    /// Nothing that anything can be concluded from.
    Unsupported,
}

/// The order of images or hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceSort {
    /// The highest score first.
    #[default]
    Score,
    /// By name.
    Name,
}

/// Which findings of a place are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// Any of these severities, separated by commas: `critical,high`.
    #[serde(default)]
    #[param(
        max_length = 64,
        pattern = "^ *(critical|high|medium|low|unknown) *(, *(critical|high|medium|low|unknown) *)*$",
        example = "critical,high"
    )]
    pub severity: Option<String>,
    /// Only those that are known to be exploited, or only those that are not.
    #[serde(default)]
    pub known_exploited: Option<bool>,
    /// Only those with a fixed version or update, or only those without.
    #[serde(default)]
    pub fix_available: Option<bool>,
    /// Only those whose vulnerability's id or package's name contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// The order: `score`, the highest first (when absent), `vulnerability`, or `package`.
    #[serde(default)]
    #[param(inline)]
    pub sort: FindingSort,
    /// `next_cursor` of the page before; valid for the same filters and order only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// The order of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingSort {
    /// The highest score first, then by vulnerability and package.
    #[default]
    Score,
    /// By the vulnerability's id, then by package.
    Vulnerability,
    /// By the package's name and version, then by vulnerability.
    Package,
}

/// Which packages of a place are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PackageQuery {
    /// Only those whose name, or whose source package's, contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// Only those of this manager or ecosystem.
    #[serde(default)]
    pub kind: Option<PackageKind>,
    /// `next_cursor` of the page before; valid for the same filters and order only.
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
    /// The names of those of them that are known, by host.
    #[serde(default)]
    pub host_names: BTreeMap<String, String>,
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
    /// Highest score first, then by vulnerability and package, unless another order was asked for.
    pub findings: Vec<Finding>,
    /// Vulnerabilities that may be here and cannot be judged; on the first page only.
    #[serde(default)]
    pub cannot_judge: Vec<CannotJudge>,
    /// How much of the place was read and could be judged.
    pub coverage: Coverage,
    /// Counts over all findings of the place, whatever was asked for.
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
    /// Number of packages that were asked for, over all pages.
    pub total: u64,
    /// How much of the place was read.
    pub coverage: Coverage,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
