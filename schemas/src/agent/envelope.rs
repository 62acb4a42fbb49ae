//! The one envelope that everything an agent observes travels in, now and later.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, Timestamp,
    inventory::{ContainersSnapshot, CoverageGap, ImageFacts, Inventory},
};

/// The major version of the envelope that this code writes. A gateway refuses a later one, and the agent keeps it.
pub const ENVELOPE_VERSION: u32 = 1;

/// One observation.
///
/// `(agent, boot_id, seq)` names it: the same triple sent twice has one effect. Order on the way is not promised, so
/// what replaces something older carries the order itself: `observed_at`, then `seq` within one `boot_id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Envelope {
    /// Major version of this form, 1.
    pub version: u32,
    /// The agent that observed; must be the one that signed the request.
    pub agent: AgentId,
    /// Random id of this run of the agent. Two that are used in turns mean that the agent's key was copied.
    pub boot_id: String,
    /// Number of the envelope within the run, from 1.
    pub seq: u64,
    /// When it was observed, by the agent's clock corrected to the server's.
    pub observed_at: Timestamp,
    /// What the body is.
    pub kind: EnvelopeKind,
    /// The body: an `InventoryBody` for `inventory`; the other kinds are carried and stored as they are.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
}

/// What an envelope's body is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EnvelopeKind {
    /// A host, an image or the containers of a host.
    Inventory,
    /// Configuration facts for compliance.
    Facts,
    /// Process, file and network activity.
    Activity,
    /// Connections between workloads.
    Flows,
    /// The result of a command of the bundle.
    CommandResult,
    /// A kind that this version does not know; carried and stored as it is.
    #[serde(other)]
    Unknown,
}

impl EnvelopeKind {
    /// The word as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Facts => "facts",
            Self::Activity => "activity",
            Self::Flows => "flows",
            Self::CommandResult => "command_result",
            Self::Unknown => "unknown",
        }
    }
}

/// The body of an `inventory` envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "subject", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one exists per message, never in collections"
)]
pub enum InventoryBody {
    /// The agent's own host: operating system, packages, facts.
    Host {
        /// The host's inventory; `host` in it is set.
        inventory: Inventory,
    },
    /// An image that the host holds, by its layers.
    Image {
        /// The image.
        image: ImageInventory,
    },
    /// All containers of the host.
    Containers {
        /// The snapshot.
        snapshot: ContainersSnapshot,
    },
    /// A subject that this version does not know; carried and stored as it is.
    #[serde(other)]
    Unknown,
}

/// An image by its layers: their inventories travel on their own, once per tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageInventory {
    /// Configuration and layers.
    pub facts: ImageFacts,
    /// What of the image as a whole was not read, such as a missing layer.
    #[serde(default)]
    pub gaps: Vec<CoverageGap>,
}

/// Several envelopes in one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeBatch {
    /// At most 100.
    pub envelopes: Vec<Envelope>,
}

/// What became of each envelope of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopesReply {
    /// One receipt per envelope, in the order sent.
    pub receipts: Vec<EnvelopeReceipt>,
}

/// What became of one envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeReceipt {
    /// The run it was of.
    pub boot_id: String,
    /// Its number.
    pub seq: u64,
    /// What became of it.
    pub status: ReceiptStatus,
    /// Why it was refused, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Number of fields that the gateway did not know and ignored.
    #[serde(default)]
    pub ignored_fields: u32,
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// Stored durably; the agent may forget it.
    Accepted,
    /// Known already; the agent may forget it.
    Duplicate,
    /// Of a later major version: the agent keeps it until the gateway is newer.
    UnsupportedVersion,
    /// Not acceptable in any version; the agent sets it aside and reports it.
    Refused,
    /// An answer that this version does not know; the agent keeps the envelope.
    #[serde(other)]
    Unknown,
}
