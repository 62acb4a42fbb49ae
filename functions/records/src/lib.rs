//! One repository per noun; only here keys are built, and every call takes the tenant.
//!
//! A repository is a thin face of a platform: `Hosts(&platform).get(&tenant, &id)`. Calls repeat by themselves what may
//! pass, recognise their own writes whose acknowledgement was lost, and may be repeated as a whole. Records replace
//! older ones by the order of their source, never by the order of arrival; documents never change once they are stored,
//! and a record names the one that holds.

pub mod allowances;
pub mod audit;
pub mod channel_rates;
pub mod channels;
pub mod collections;
pub mod containers;
pub mod deliveries;
pub mod envelopes;
mod error;
mod estate_cache;
pub mod estate_index;
pub mod estate_top;
pub mod events;
pub mod exceptions;
pub mod export;
pub mod feed_mirror;
pub mod feeds;
pub mod hosts;
pub mod idempotency;
pub mod identity;
pub mod image_requests;
pub mod images;
pub mod inventories;
mod keys;
pub mod layers;
pub mod messages;
pub mod moving;
pub mod notification_batches;
pub mod place_changes;
pub mod places;
pub mod policies;
pub mod posture_days;
pub mod registries;
pub mod risk_settings;
pub mod scans;
pub mod secrets;
mod store;
pub mod troubles;

use schemas::Timestamp;

pub use audit::AuditLog;
pub use channel_rates::{ChannelRates, RateRecord};
pub use channels::{ChannelRecord, Channels};
pub use collections::{CollectionRecord, Collections};
pub use containers::Containers;
pub use deliveries::{Deliveries, DeliveryRecord};
pub use envelopes::{Accepted, EnvelopeName, Envelopes};
pub use error::RecordError;
pub use estate_cache::{EstateCache, Pending};
pub use estate_index::Estates;
pub use exceptions::{ExceptionChange, ExceptionRecord, Exceptions, InForceRecord};
pub use feeds::Feeds;
pub use hosts::{HostRecord, Hosts, PutState};
pub use idempotency::Idempotency;
pub use image_requests::{ImageRequestRecord, ImageRequests};
pub use images::{ImageRecord, Images};
pub use inventories::{Inventories, InventoryRef};
pub use layers::{LayerReading, Layers, PutLayer};
pub use notification_batches::{BatchChannel, BatchRecord, NotificationBatches};
pub use place_changes::PlaceChanges;
pub use places::{FindingsDocument, PlaceRecord, Places, PutPlace};
pub use policies::{Policies, PolicyRecord};
pub use posture_days::{PostureDay, PostureDays};
pub use registries::{Registries, RegistryRecord};
pub use risk_settings::{RiskSettingsRecord, SettingsOfRisk};
pub use scans::{ScanRecord, Scans};
pub use secrets::{SealedSecret, Secrets};
pub use store::{Found, Listed};
pub use troubles::{TroubleRecord, Troubles};

/// The order of an observation among those of one source: later observations have higher ones, and within a millisecond
/// higher numbers of a run.
pub fn order(observed_at: Timestamp, seq: u64) -> u64 {
    let ms = u64::try_from(observed_at.as_ms()).unwrap_or(0);
    // 48 bits hold every millisecond up to the year 9999.
    (ms.min((1 << 48) - 1) << 16) | seq.min(0xffff)
}

/// The digest of these bytes.
pub fn digest(bytes: &[u8]) -> schemas::Digest {
    keys::digest(bytes)
}
