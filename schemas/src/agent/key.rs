//! A new key in the place of an agent's own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// An agent wants to be known by another key from now on. The request is signed by the key that it is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RotateKeyRequest {
    /// The next Ed25519 public key, 32 bytes, base64url without padding.
    pub public_key: String,
    /// A signature by that key over `bulkhead-rotate:`, the agent's id, a line feed and `public_key`, base64url: proves that
    /// the agent has the key.
    pub proof: String,
}

/// The agent is known by its next key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RotateKeyReply {
    /// Until when the key before is accepted, too.
    pub former_key_until: Timestamp,
}
