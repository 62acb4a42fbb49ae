//! Containers, for people.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::place::PlaceStanding;
use crate::{
    HostId, ImageId, Timestamp,
    inventory::{Container, Isolation, PublishedPort, WorkloadId},
    report::Summary,
    risk::Exposure,
};

/// Which containers are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContainerQuery {
    /// Only those of which the name, the image's name, the host's name or the namespace contains this text, without regard to
    /// case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// Only those on this host.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 128)]
    pub host: Option<HostId>,
    /// Only those of this image.
    #[serde(default)]
    pub image: Option<ImageId>,
    /// Only those that run, or only the others.
    #[serde(default)]
    pub running: Option<bool>,
    /// Only those that the network reaches from outside of their host, by a published port or more, or only the others.
    #[serde(default)]
    pub exposed: Option<bool>,
    /// Only those that are privileged, or HostProcess on Windows, or only those that are known not to be.
    #[serde(default)]
    pub privileged: Option<bool>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of containers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContainerList {
    /// By host and id.
    pub containers: Vec<ContainerRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One container in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContainerRow {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The host that it is on.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// The image that it runs.
    pub image: ImageId,
    /// The name that it was started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// What it belongs to over restarts.
    pub workload: WorkloadId,
    /// The namespace of a cluster that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether it runs.
    pub running: bool,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How the network reaches it; none while it does not run.
    pub exposure: Exposure,
    /// What that was concluded from.
    pub exposure_reason: String,
    /// Ports of the host that lead into it.
    pub published: Vec<PublishedPort>,
    /// Whether it is privileged, or HostProcess on Windows; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// How it is kept apart from the host's kernel.
    pub isolation: Isolation,
    /// The highest score in its image; absent without findings, or until it has been judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_score: Option<f32>,
    /// Counts of its image's vulnerabilities; absent until it has been judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Summary>,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContainerDetail {
    /// What the engine says of it.
    pub container: Container,
    /// The host that it is on.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// How the network reaches it; none while it does not run.
    pub exposure: Exposure,
    /// What that was concluded from.
    pub exposure_reason: String,
    /// How its image stands; absent until it has been judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<PlaceStanding>,
    /// When the host's containers were last observed.
    pub observed_at: Timestamp,
}
