//! What a host is, apart from its packages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{HostId, Timestamp, risk::Exposure};

/// Facts about a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostFacts {
    /// The host's id, stable over reboots.
    pub id: HostId,
    /// Host name.
    pub name: String,
    /// Kernel release, such as `6.1.0-21-amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Addresses of its interfaces, without loopback.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Sockets that listen for connections from elsewhere.
    #[serde(default)]
    pub listening: Vec<ListeningSocket>,
    /// Whether all listening sockets could be listed; an empty list that is not complete proves nothing.
    #[serde(default)]
    pub listening_complete: bool,
    /// Container engines that answered.
    #[serde(default)]
    pub engines: Vec<Engine>,
    /// Labels that the owner gave this host.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Exposure that the owner declared, where they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_exposure: Option<Exposure>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booted_at: Option<Timestamp>,
}

/// A socket that accepts connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ListeningSocket {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The local address, `0.0.0.0` or `::` for all.
    pub address: String,
    /// The local port.
    pub port: u16,
    /// Name of the process, where it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Its process id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// A container engine of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Engine {
    /// `docker` or `containerd`.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// Where it answered, such as `unix:///var/run/docker.sock`.
    pub address: String,
}
