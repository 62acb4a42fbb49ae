//! Messages between agents and the gateway.

pub mod bundle;
pub mod enrol;
pub mod envelope;
pub mod key;
pub mod layers;

pub use bundle::{Bundle, SignedBundle};
pub use enrol::{EnrolReply, EnrolRequest};
pub use envelope::{
    ENVELOPE_VERSION, Envelope, EnvelopeBatch, EnvelopeKind, EnvelopeReceipt, EnvelopesReply,
    ImageInventory, InventoryBody, ReceiptStatus,
};
pub use key::{RotateKeyReply, RotateKeyRequest};
pub use layers::{
    MissingLayersReply, MissingLayersRequest, UploadHeader, UploadTicketReply, UploadTicketRequest,
};
