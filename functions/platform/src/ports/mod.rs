//! The ports: everything that the house may ask of a platform, and no more than every platform can keep.
//!
//! No transaction spans two ports. A handler therefore writes its records, then sends its messages,
//! then acknowledges its own message; message ids derive from content, so that a repetition after a
//! crash in between changes nothing.

pub mod blobs;
pub mod clock;
pub mod keys;
pub mod lake;
pub mod moving;
pub mod queue;
pub mod sealing;
pub mod table;

use std::sync::Arc;

pub use blobs::{
    Blob, BlobCondition, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, PutOptions,
    UploadError, UploadRequest, UploadTicket, Uploads,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use keys::{KeyError, Keys, MacKey, SigningKey};
pub use lake::{Lake, LakeError, is_lake_key};
pub use moving::{Destination, KeyKind, Origin, Scan, StoredKey, WaitingPage};
pub use queue::{
    DeadLetter, DeadPage, Delivery, Depth, MAX_GATHERED, Message, Queue, QueueError, Receive,
    SendFailure, Which,
};
pub use sealing::{SealError, SealingKey, sealing_key};
pub use table::{
    BatchWrite, Condition, Cursor, Index, IndexKey, Item, Key, Page, QueryPage, SortRange, Table,
    TableError, Write,
};

/// The cause below a port's error, as the adapter met it.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// One platform: a set of ports which belong together. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// Records.
    pub table: Arc<dyn Table>,
    /// Documents and other large bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Messages between functions.
    pub queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Signing keys, keys of message authentication codes, randomness.
    pub keys: Arc<dyn Keys>,
    /// The door through which uploads to [`Blobs::upload_url`] arrive, when this process has to serve
    /// it itself. `None` where the blob store serves its own URLs.
    pub uploads: Option<Arc<dyn Uploads>>,
    /// Where the operator wants events put for tools of his own; `None` where he wants none.
    pub lake: Option<Arc<dyn Lake>>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}
