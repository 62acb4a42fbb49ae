//! The operating system of a place, Linux or Windows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// An operating system as its own files name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatingSystem {
    /// Linux or Windows.
    pub family: OsFamily,
    /// `ID` of os-release, such as `debian`, `alpine` or `rocky`; `windows` for Windows.
    pub id: String,
    /// `ID_LIKE` of os-release, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_like: Vec<String>,
    /// `VERSION_ID` of os-release, such as `12` or `3.18.4`; `10.0.20348.2700` for Windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// `VERSION_CODENAME` of os-release, such as `bookworm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codename: Option<String>,
    /// The name shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretty_name: Option<String>,
    /// Processor architecture in Go's words: `amd64`, `arm64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// What only Windows has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsOs>,
}

/// The two families of operating systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OsFamily {
    /// Any Linux distribution.
    Linux,
    /// Microsoft Windows.
    Windows,
    /// Another family.
    #[serde(other)]
    Unknown,
}

/// Windows by build and revision: the two numbers that decide every verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WindowsOs {
    /// `ProductName`, such as `Windows Server 2022 Datacenter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// Build, such as 20348 in `10.0.20348.2700`.
    pub build: u32,
    /// Update build revision, such as 2700. Absent when only the build is known; then nothing can be judged by build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ubr: Option<u32>,
    /// `EditionID`, such as `ServerDatacenter` or `ServerTurbine` (Azure Edition).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// `DisplayVersion` or `ReleaseId`, such as `21H2` or `1809`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_version: Option<String>,
    /// Full server, Server Core or Nano Server; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_type: Option<InstallationType>,
    /// Whether `updates` is known to hold every installed update. An empty list of an unread place proves nothing.
    #[serde(default)]
    pub updates_complete: bool,
    /// Updates by KB.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<WindowsUpdate>,
}

/// `InstallationType` of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstallationType {
    /// Server with Desktop Experience ("Server").
    Server,
    /// "Server Core".
    ServerCore,
    /// "Nano Server".
    NanoServer,
    /// A client edition ("Client").
    Client,
    /// A word that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One Windows update on a machine or in an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct WindowsUpdate {
    /// `KB` and digits, such as `KB5043050`.
    #[schema(pattern = "^KB[0-9]{6,8}$")]
    pub kb: String,
    /// Whether it is in force.
    #[serde(default)]
    pub state: UpdateState,
    /// When it was installed, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<Timestamp>,
}

/// `CurrentState` of a servicing package.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// Installed (0x70), or listed by a source that names only installed updates.
    #[default]
    Installed,
    /// Staged or waiting for a restart (0x40, 0x50, 0x60).
    Pending,
    /// Replaced by a later one (0x20, 0x80 and others).
    Superseded,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}
