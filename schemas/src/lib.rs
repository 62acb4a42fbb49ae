//! The words everyone shares: typed ids, stored records and wire messages, with no logic beyond parsing and printing them.
//!
//! Formats are additive: a field is added as optional, an enum gains values behind `Unknown`, and nothing is renamed.
//! Enums are internally tagged or plain strings; there is no untagged enum and no flattening, so that a reader of any
//! age can tell what it does not know.

pub mod advisory;
pub mod agent;
pub mod api;
pub mod collection;
pub mod digest;
pub mod finding;
pub mod ids;
pub mod inventory;
pub mod json_schema;
pub mod notification;
mod object;
pub mod policy;
pub mod posture;
pub mod report;
pub mod risk;
pub mod severity;
pub mod time;

pub use digest::Digest;
pub use ids::{
    AgentId, ChannelId, CollectionId, DeliveryId, HostId, IdentityProviderId, ImageId,
    ImageRequestId, Place, PlaceKind, RegistryId, SessionId, TenantId, TokenId, UserId,
    VulnerabilityId,
};
pub use severity::Severity;
pub use time::Timestamp;
