//! Containers on a host: what runs, from which image, with which rights and doors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{HostId, ImageId, Timestamp, inventory::host::ListeningSocket};

/// All containers of one host at one moment. Replaces the snapshot before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContainersSnapshot {
    /// The host.
    pub host: HostId,
    /// Whether the engine was asked and answered; an unasked engine proves nothing about what runs.
    pub complete: bool,
    /// The containers, running or not.
    #[serde(default)]
    pub containers: Vec<Container>,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Container {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image it runs.
    pub image: ImageId,
    /// The reference it was started from, such as `nginx:1.27`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// What it belongs to over restarts.
    pub workload: WorkloadId,
    /// Whether it runs now.
    pub running: bool,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Ports of the host that lead into it.
    #[serde(default)]
    pub published: Vec<PublishedPort>,
    /// Sockets that listen inside it, by process.
    #[serde(default)]
    pub listening: Vec<ListeningSocket>,
    /// Whether it shares the host's network.
    #[serde(default)]
    pub host_network: bool,
    /// Whether it shares the host's process ids; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_pid: Option<bool>,
    /// Whether it shares the host's memory of processes (IPC); absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ipc: Option<bool>,
    /// Whether it is attached to a network that reaches other containers or hosts; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networked: Option<bool>,
    /// The user as configured; empty means the image's or platform's default.
    #[serde(default)]
    pub user: String,
    /// User id of its first process as the host sees it, on Linux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Privileged, or HostProcess on Windows; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// Capabilities added beyond the engine's default.
    #[serde(default)]
    pub capabilities_added: Vec<String>,
    /// Capabilities dropped from the engine's default.
    #[serde(default)]
    pub capabilities_dropped: Vec<String>,
    /// Mandatory security profiles, such as `apparmor=docker-default` or `seccomp=unconfined`.
    #[serde(default)]
    pub security_options: Vec<String>,
    /// What of the host is mounted into it.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How it is kept apart from the host's kernel.
    #[serde(default)]
    pub isolation: Isolation,
    /// The Kubernetes pod it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
}

/// A Kubernetes pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// A port of the host that leads into a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct PublishedPort {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The host's address it is bound to, `0.0.0.0` or `::` for all.
    pub host_address: String,
    /// The host's port.
    pub host_port: u16,
    /// The container's port.
    pub container_port: u16,
}

/// Something of the host that a container sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mount {
    /// The engine's word: `bind`, `volume`, `tmpfs`, `npipe`.
    pub kind: String,
    /// Path on the host, or the volume's name.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// Whether it can only be read.
    #[serde(default)]
    pub read_only: bool,
}

/// How a container is kept apart from the host's kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Shares the host's kernel: Linux namespaces, or Windows process isolation.
    Process,
    /// Runs in a utility machine of its own: Hyper-V isolation, Kata.
    HyperV,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What a container belongs to over restarts, and what rules and models are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum WorkloadId {
    /// In a cluster.
    Cluster {
        /// The cluster.
        cluster: String,
        /// The namespace.
        namespace: String,
        /// Kind of the owner, such as `Deployment`.
        owner_kind: String,
        /// Name of the owner.
        owner_name: String,
        /// Name of the container in the pod.
        container: String,
    },
    /// On a host without a cluster.
    Host {
        /// The host.
        host: HostId,
        /// Repository of the image, without tag or digest.
        image_repository: String,
        /// Name of the container.
        container: String,
    },
    /// A form that this version does not know.
    #[serde(other)]
    Unknown,
}
