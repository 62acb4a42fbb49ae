//! Enrolment: a token for a key.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, HostId, TenantId, Timestamp};

/// An agent asks to be known by its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The enrolment token, `bhe_…`; shown once to whoever made it.
    pub token: String,
    /// The agent's Ed25519 public key, 32 bytes, base64url without padding.
    pub public_key: String,
    /// A signature by that key over `bulkhead-enrol:` and the token, base64url: proves that the agent has the key.
    pub proof: String,
    /// The host's own name.
    #[schema(min_length = 1, max_length = 253)]
    pub host_name: String,
    /// A value stable for this machine (a hash of the machine id), from which the host's id is derived.
    #[schema(min_length = 1, max_length = 256)]
    pub machine: String,
    /// Operating system and architecture, such as `linux/amd64`.
    pub platform: String,
    /// Version of the agent.
    pub software: String,
}

/// What an enrolled agent is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolReply {
    /// Its id.
    pub agent: AgentId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The id of its host.
    pub host: HostId,
    /// The Ed25519 public key that bundles are signed with, base64url; the agent pins it.
    pub bundle_key: String,
    /// The server's time, to correct the agent's clock by.
    pub server_time: Timestamp,
}
