//! The bundle: what an agent is to do, signed, versioned, and never older than the last.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{TenantId, Timestamp};

/// Rules and commands for an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Bundle {
    /// The tenant it is for.
    pub tenant: TenantId,
    /// Grows with every change; an agent refuses a lower one than it has.
    pub version: u64,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Rules, each with its own `type`; those of unknown types are ignored and counted.
    #[schema(value_type = Vec<Object>)]
    #[serde(default)]
    pub rules: Vec<serde_json::Value>,
    /// Commands, each with an id and a `type`.
    #[schema(value_type = Vec<Object>)]
    #[serde(default)]
    pub commands: Vec<serde_json::Value>,
}

/// A bundle with its signature, over the exact bytes of `payload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedBundle {
    /// The bundle as JSON text, base64url without padding.
    pub payload: String,
    /// Ed25519 signature over the bytes `bulkhead-bundle:` followed by the decoded payload, base64url without padding.
    pub signature: String,
}
